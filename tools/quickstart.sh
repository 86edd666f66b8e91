#!/bin/sh
# quickstart.sh [--device=D]: from a bare Debian 12 to a trained net in minutes. Installs what it needs (as root or with
# sudo), builds, converts Fashion-MNIST, trains LeNet for two epochs, evaluates it and classifies one test image.
# D is what slimcl's --device takes: auto (the default), cpu, opencl, opencl:<n>, part of a device's name.
# Safe to run twice: what is done already is not done again.
set -eu

device=auto
for argument in "$@"; do
  case $argument in
    --device=?*) device=${argument#--device=} ;;
    *)
      echo "usage: quickstart.sh [--device=cpu|opencl|opencl:<n>|auto|part of a name]" >&2
      exit 2
      ;;
  esac
done

cd "$(dirname "$0")/.."
place=build/quickstart
data=$place/fashion_mnist
run=$place/lenet-$(printf %s "$device" | tr -c 'A-Za-z0-9\n' -)
slimcl=build/tools/slimcl
step=preparing
trap '[ $? = 0 ] || echo "quickstart: failed while $step" >&2' EXIT

say() {
  step=$1
  echo "== $step"
}

say "installing packages"
case $device in
  cpu | auto) sh tools/install-deps.sh build data ;;
  *) sh tools/install-deps.sh build data opencl ;;
esac

say "building"
[ -f build/build.ninja ] || meson setup build >/dev/null
ninja -C build tools/slimcl | tail -n 1

say "converting Fashion-MNIST into TFRecords"
$slimcl convert --dataset_name=fashion_mnist --source_dir=/usr/share/datasets/fashion-mnist --dataset_dir=$data

say "training LeNet on $device"
$slimcl train --model_name=lenet --dataset_name=fashion_mnist --dataset_dir=$data --train_dir="$run/train" \
  --device="$device" --optimizer=adam --opt_epsilon=1e-8 --learning_rate=0.001 --learning_rate_decay_type=fixed \
  --batch_size=64 --max_number_of_steps=2000 --log_every_n_steps=100 --save_summaries_secs=10

say "evaluating on the 10,000 test images"
$slimcl eval --model_name=lenet --dataset_name=fashion_mnist --dataset_split_name=test --dataset_dir=$data \
  --checkpoint_path="$run/train" --eval_dir="$run/eval" --device="$device" >"$place/eval.txt"

say "classifying a test image"
$slimcl inspect $data/fashion_mnist_test.tfrecord --record=0 --feature=image/encoded --output=$place/image.png
$slimcl classify $place/image.png --model_name=lenet --labels=$data/labels.txt \
  --checkpoint_path="$run/train" --device="$device"

say "done"
echo "checkpoints:     $run/train"
echo "event files:     $run/train and $run/eval (tensorboard --logdir=$run)"
echo "the test image:  $place/image.png"
cat "$place/eval.txt"
