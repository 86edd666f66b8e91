#!/bin/sh
# examples/regression.c and examples/finetune.c: what TF-Slim's walkthrough shows. $REGRESSION and $FINETUNE are the
# programs.
# shellcheck disable=SC2016,SC2317 # code in quotes is meant as it is; below() is called by ok
set -u
# shellcheck source=tests/tools/tap.sh
. "$(dirname "$0")/tap.sh"

# example PROGRAM ARGUMENT...: the program, in a folder where it may write
example() {
  status=0
  (cd "$work" && "$@") >"$work/out" 2>"$work/err" || status=$?
}

# below LIMIT NAME: the number behind NAME
below() {
  awk -v limit="$1" -v name="$2" 'index($0, name) { found = $NF < limit } END { exit !found }' "$work/out"
}

example "$REGRESSION" cpu
ok "the regression trains and evaluates" ended 0
ok "it names end points" prints "deep_regression/fc1/Relu:0 [200,32]"
ok "and parameters" prints "deep_regression/prediction/weights:0 [16,1]"
ok "and losses" prints "absolute_difference/value:0 []"
ok "it logs as it is asked to" says "global step 3000: loss = "
ok "it has learned" below 0.3 "Mean Squared Error"
example "$REGRESSION" abacus
ok "without the device it fails" ended 1
ok "and says why" says "device 'abacus': no such device"

# A folder for each class: noisy images of three colours and several sizes.
python3 - "$work/photos" <<'END'
import os, random, struct, sys, zlib

def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

random.seed(1)
for name, colour in ('daisy', (250, 250, 240)), ('rose', (200, 20, 40)), ('tulip', (240, 200, 30)):
    os.makedirs(f'{sys.argv[1]}/{name}')
    for i in range(40):
        h, w = random.randint(20, 40), random.randint(20, 40)
        rows = b''.join(b'\0' + bytes(max(0, min(255, v + random.randint(-40, 40))) for _ in range(w) for v in colour)
                        for _ in range(h))
        with open(f'{sys.argv[1]}/{name}/{i}.png', 'wb') as f:
            f.write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, 8, 2, 0, 0, 0)) +
                    chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))
END
try convert --dataset_name=flowers --source_dir="$work/photos" --dataset_dir="$work/data" --num_shards=2
ok "a folder of images is converted" ended 0

# values RUN TENSOR: of its last checkpoint
values() {
  "$SLIMCL" inspect "$work/$1" --tensor="$2" >"$work/$1.values"
}

example "$FINETUNE" data photos/rose/0.png cpu
ok "the small net trains and is tuned" ended 0
ok "samples are read with their names" grep -qE '^(daisy|rose|tulip), [0-9]+ x [0-9]+$' "$work/out"
ok "it learns from nothing" grep -qE '^scratch: accuracy (1|0\.[89])' "$work/out"
ok "and its new last layer" grep -qE '^tuned: accuracy (1|0\.[89])' "$work/out"
ok "the image is named first" sh -c 'sed -n "s/^ *[0-9.]*% //p" "$0" | head -n 1 | grep -qx rose' "$work/out"
values scratch my_cnn/conv1/weights && values tuned my_cnn/conv1/weights
ok "what was restored has not moved" cmp "$work/scratch.values" "$work/tuned.values"
values scratch my_cnn/logits/weights && values tuned my_cnn/logits/weights
ok "the last layer has" differ "$work/scratch.values" "$work/tuned.values"
example "$FINETUNE" nothing photos/rose/0.png cpu
ok "without data it fails" ended 1
ok "and says what to do" says "make it with: slimcl convert --dataset_name=flowers"
example "$FINETUNE" data nothing.png cpu
ok "without the image it fails" ended 1
ok "and names it" says "'nothing.png'"
example "$FINETUNE"
ok "without arguments it tells them" ended 2

done_testing
