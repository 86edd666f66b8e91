#include "test_main.h"

#include "backend/opencl/cache.h"
#include "backend/opencl/matmul.h"
#include "backend/opencl/sweep.h"
#include "backend/opencl/tile.h"
#include "opencl_support.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "cache_support.h"
#include "kernels/kernels.h"
#include "slim/layers.h"
#include "slim/session.h"

START_TEST(a_device_opens_and_moves_bytes)
{
  slim_device *device = cl_test_open();
  enum { N = 100000 };
  static int there[N], back[N];
  slim_buffer *buffer = NULL;
  ck_assert_int_eq(device->backend->alloc(device, sizeof(there), &buffer), SLIM_OK);
  for (int round = 0; round < 20; round++) {
    for (int i = 0; i < N; i++) {
      there[i] = i * 7 + round;
    }
    ck_assert_int_eq(device->backend->upload(device, buffer, 0, there, sizeof(there)), SLIM_OK);
    there[5] = -1; /* the upload has its own copy */
    ck_assert_int_eq(device->backend->download(device, back, buffer, 0, sizeof(back)), SLIM_OK);
    ck_assert_int_eq(back[5], 35 + round);
    ck_assert_int_eq(back[N - 1], (N - 1) * 7 + round);
    there[5] = round;
    ck_assert_int_eq(device->backend->lend(device, buffer, 0, there, sizeof(there)), SLIM_OK);
    ck_assert_int_eq(device->backend->download(device, back, buffer, 0, sizeof(back)), SLIM_OK);
    ck_assert_int_eq(back[5], round);
  }
  ck_assert_int_eq(device->backend->upload(device, buffer, sizeof(there), there, 4), SLIM_ERR_ARG);
  ck_assert_int_eq(device->backend->lend(device, buffer, sizeof(there), there, 4), SLIM_ERR_ARG);
  ck_assert_ptr_nonnull(strstr(device->error.text, "4 bytes at 400000 do not lie in a buffer of 400000 bytes"));
  device->backend->release(device, buffer);
  slim_device_close(device);
}
END_TEST

START_TEST(what_is_mapped_is_written_in_place)
{
  slim_device *device = cl_test_open();
  enum { N = 1 << 18, AT = 4096 };
  static int back[N];
  const size_t bytes = N * sizeof(int);
  const bool cpu = device->info.device_class == SLIM_CLASS_CPU;
  slim_buffer *buffer = NULL;
  ck_assert_int_eq(device->backend->alloc(device, AT + bytes, &buffer), SLIM_OK);
  ck_assert_ptr_null(device->backend->map(device, buffer, AT, 4)); /* not worth it */
  ck_assert_ptr_null(device->backend->map(device, buffer, AT + 4, bytes));
  for (int round = 0; round < 3; round++) {
    int *place = device->backend->map(device, buffer, AT, bytes);
    ck_assert_int_eq(place != NULL, cpu);
    for (int i = 0; i < N && place; i++) {
      place[i] = i * 7 + round;
    }
    if (place) {
      ck_assert_int_eq(device->backend->unmap(device, buffer, place), SLIM_OK);
      ck_assert_int_eq(device->backend->download(device, back, buffer, AT, bytes), SLIM_OK);
      ck_assert_int_eq(back[1], 7 + round);
      ck_assert_int_eq(back[N - 1], (N - 1) * 7 + round);
    }
  }
  device->backend->release(device, buffer);
  slim_device_close(device);
}
END_TEST

static size_t staged_bytes(const slim_cl *cl)
{
  size_t bytes = 0;
  for (int i = 0; i < SLIM_CL_STAGES; i++) {
    bytes += cl->stages[i].bytes;
  }
  return bytes;
}

enum { UPLOAD = (20 << 20) + 52, UPLOADS = 5, SMALL_UPLOAD = 1000 };

static unsigned char uploaded(int k, int i)
{
  const int from = k + (i >= SMALL_UPLOAD && i < 2 * SMALL_UPLOAD ? i - SMALL_UPLOAD : i);
  return (unsigned char)((from >> 12) + from * 7);
}

/* Behind work that takes a while: five of them are more than what may be on its way. */
static void upload_all(slim_device *device, slim_buffer **buffers, const unsigned char *there)
{
  const slim_cl *cl = slim_cl_of(device);
  const cl_int pattern = 5;
  for (int k = 0; k < UPLOADS; k++) {
    ck_assert_int_eq(device->backend->alloc(device, UPLOAD, &buffers[k]), SLIM_OK);
    ck_assert_int_eq(
        cl->api->EnqueueFillBuffer(cl->queue, buffers[k]->memory, &pattern, sizeof pattern, 0, UPLOAD, 0, NULL, NULL),
        CL_SUCCESS);
  }
  for (int k = 0; k < UPLOADS; k++) {
    ck_assert_int_eq(device->backend->upload(device, buffers[k], 0, there + k, UPLOAD), SLIM_OK);
    ck_assert_int_eq(device->backend->upload(device, buffers[k], SMALL_UPLOAD, there + k, SMALL_UPLOAD), SLIM_OK);
    ck_assert_uint_le(staged_bytes(cl), (size_t)64 << 20);
  }
}

/* On devices like a CPU, and on others, which read what is staged by themselves. */
START_TEST(large_uploads_arrive_whole)
{
  setenv("SLIM_DEVICE_LIMITS", _i == 0 ? "class=cpu" : "class=gpu", 1);
  slim_device *device = cl_test_open();
  unsigned char *there = malloc(UPLOAD + UPLOADS), *back = malloc(UPLOAD);
  slim_buffer *buffers[UPLOADS];
  ck_assert(there != NULL && back != NULL);
  for (int i = 0; i < UPLOAD + UPLOADS; i++) {
    there[i] = (unsigned char)((i >> 12) + i * 7);
  }
  upload_all(device, buffers, there);
  memset(there, 0, UPLOAD + UPLOADS); /* the uploads have their own copies */
  for (int k = 0; k < UPLOADS; k++) {
    ck_assert_int_eq(device->backend->download(device, back, buffers[k], 0, UPLOAD), SLIM_OK);
    for (int i = 0; i < UPLOAD; i++) {
      if (back[i] != uploaded(k, i)) {
        ck_abort_msg("upload %d: byte %d is %d", k, i, back[i]);
      }
    }
    device->backend->release(device, buffers[k]);
  }
  free(there);
  free(back);
  slim_device_close(device);
  unsetenv("SLIM_DEVICE_LIMITS");
}
END_TEST

START_TEST(finishing_waits_for_what_was_flushed)
{
  const size_t bytes = (size_t)64 << 20;
  const cl_int zero = 0;
  slim_device *device = cl_test_open();
  slim_cl *cl = slim_cl_of(device);
  slim_buffer *buffer = NULL;
  cl_event event = NULL;
  cl_int state;
  cl->idle = false;
  ck_assert_int_eq(device->backend->alloc(device, bytes, &buffer), SLIM_OK);
  state = cl->api->EnqueueFillBuffer(cl->queue, buffer->memory, &zero, sizeof zero, 0, bytes, 0, NULL, &event);
  ck_assert_int_eq(state, CL_SUCCESS);
  ck_assert_int_eq(device->backend->flush(device), SLIM_OK);
  ck_assert_int_eq(device->backend->finish(device), SLIM_OK);
  ck_assert_int_eq(cl->api->GetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL), 0);
  ck_assert_int_eq(state, CL_COMPLETE);
  cl->api->ReleaseEvent(event);
  device->backend->release(device, buffer);
  slim_device_close(device);
}
END_TEST

START_TEST(limits_clamp_what_queries_report)
{
  slim_device_info info;
  setenv("SLIM_DEVICE_LIMITS", "wg=64,local=16384,alloc=128M,images=0", 1);
  ck_assert(slim_backend_opencl.describe(cl_test_index(), &info));
  ck_assert_uint_eq(info.max_work_group, 64);
  ck_assert_uint_eq(info.local_memory, 16384);
  ck_assert_uint_eq(info.max_allocation, (size_t)128 << 20);
  ck_assert(!info.images);
  ck_assert_int_eq(info.device_class, SLIM_CLASS_MOBILE);
  setenv("SLIM_DEVICE_LIMITS", "class=gpu", 1);
  ck_assert(slim_backend_opencl.describe(cl_test_index(), &info));
  ck_assert_int_eq(info.device_class, SLIM_CLASS_GPU);
}
END_TEST

/* Those for which groups of GPUs are too large have kernels with smaller ones. */
START_TEST(groups_choose_the_class)
{
  static const int groups[] = { 64, 127, 128, 192, 255 };
  char limits[32];
  slim_device device = { .backend = &slim_backend_opencl };
  (void)snprintf(limits, sizeof limits, "wg=%d", groups[_i]);
  setenv("SLIM_DEVICE_LIMITS", limits, 1);
  ck_assert(slim_backend_opencl.describe(cl_test_index(), &device.info));
  ck_assert_int_eq(device.info.device_class, SLIM_CLASS_MOBILE);
  ck_assert(slim_cl_groups(&device));
  ck_assert(slim_cl_tile_usable(&device));
}
END_TEST

START_TEST(limits_choose_the_width_of_vectors)
{
  setenv("SLIM_DEVICE_LIMITS", "class=cpu,width=8", 1);
  slim_device *device = cl_test_open();
  ck_assert_int_eq(slim_cl_of(device)->vector_width, 8);
  slim_device_close(device);
  setenv("SLIM_DEVICE_LIMITS", "class=cpu,width=16", 1);
  device = cl_test_open();
  ck_assert_int_eq(slim_cl_of(device)->vector_width, 16);
  slim_device_close(device);
}
END_TEST

START_TEST(an_allocation_above_the_limit_is_an_error)
{
  setenv("SLIM_DEVICE_LIMITS", "alloc=1M", 1);
  slim_device *device = cl_test_open();
  slim_buffer *buffer = NULL;
  ck_assert_int_eq(device->backend->alloc(device, (1u << 20) + 1, &buffer), SLIM_ERR_MEMORY);
  ck_assert_ptr_null(buffer);
  ck_assert_ptr_nonnull(strstr(device->error.text, "a buffer of 1048577 bytes is above the device's limit of 1048576"));
  slim_device_close(device);
}
END_TEST

START_TEST(local_memory_above_the_limit_is_an_error)
{
  setenv("SLIM_DEVICE_LIMITS", "local=4096", 1);
  slim_device *device = cl_test_open();
  slim_cl_step step = { .count = 0 };
  slim_cl_build b = { .device = device, .cl = slim_cl_of(device), .step = &step };
  slim_cl_begin(&b, "slim_activation_naive_f32");
  slim_cl_arg_memory(&b, b.cl->flag.memory);
  ck_assert_int_eq(b.status, SLIM_OK);
  step.launches[0].local_bytes = 3000; /* of an argument before */
  slim_cl_arg_local(&b, 1097);
  ck_assert_int_eq(b.status, SLIM_ERR_STATE);
  ck_assert_ptr_nonnull(strstr(device->error.text,
                               "kernel slim_activation_naive_f32 takes 4097 bytes of local memory, the device has 4096"));
  slim_cl_step_clear(device, &step);
  slim_device_close(device);
}
END_TEST

START_TEST(no_such_device_is_a_clear_error)
{
  slim_device device = { .backend = &slim_backend_opencl };
  slim_device_info info;
  ck_assert(!device.backend->describe(1000, &info));
  ck_assert_int_eq(device.backend->open(&device, 1000), SLIM_ERR_NOT_FOUND);
  ck_assert_str_eq(device.error.text, "opencl:1000: there is no such OpenCL device");
}
END_TEST

/* Binaries are asked for at the end alone, which takes as long as compiling did. */
static void open_and_close(void)
{
  slim_device *device = cl_test_open(); /* its self-test runs a kernel */
  ck_assert_int_eq(device->backend->finish(device), SLIM_OK);
  for (const slim_cl_program *p = slim_cl_of(device)->programs; p != NULL; p = p->next) {
    ck_assert_uint_eq(p->num_launched, 1);
    ck_assert(p->num_saved == p->num_launched || p->num_saved == 0);
  }
  slim_device_close(device);
}

START_TEST(binaries_are_kept_and_used_again)
{
  struct stat before, after;
  fresh_cache();
  open_and_close();
  char *path = cache_file();
  ck_assert_int_eq(stat(path, &before), 0);
  ck_assert_int_gt(before.st_size, 1000);
  open_and_close();
  ck_assert_int_eq(stat(path, &after), 0);
  ck_assert_uint_eq(before.st_ino, after.st_ino); /* not written again */
  /* a file of another version: the program is built from its source, and kept again */
  ck_assert_int_eq(slim_file_write(path, "SLIMCL01", 8, NULL), SLIM_OK);
  open_and_close();
  ck_assert_int_eq(stat(path, &after), 0);
  ck_assert_int_gt(after.st_size, 1000);
  free(path);
  remove_cache();
}
END_TEST

static bool is_cpu_class(void)
{
  slim_device *device = cl_test_open();
  const bool is = device->info.device_class == SLIM_CLASS_CPU;
  slim_device_close(device);
  return is;
}

/* Whole by its checksum, but no binary. Not on rusticl, which ends the process when it is given one. */
START_TEST(a_binary_that_the_driver_refuses_is_made_again)
{
  unsigned char garbage[512] = { 1 }; /* one kernel compiled, its hash, the binary */
  if (!is_cpu_class()) {
    return;
  }
  fresh_cache();
  open_and_close();
  slim_device *device = cl_test_open();
  const slim_cl_program *program = slim_cl_of(device)->programs;
  const slim_cl_cache_entry entry = { { program->key[0], program->key[1] }, garbage, sizeof garbage, NULL };
  ck_assert_uint_eq(program->num_saved, 1);
  ck_assert_int_eq(slim_cl_cache_store(device, &entry, 1), SLIM_OK);
  slim_device_close(device);
  device = cl_test_open();
  ck_assert(slim_cl_of(device)->programs->refused);
  slim_device_close(device);
  device = cl_test_open();
  ck_assert(!slim_cl_of(device)->programs->refused);
  ck_assert_uint_eq(slim_cl_of(device)->programs->num_saved, 1);
  slim_device_close(device);
  remove_cache();
}
END_TEST

enum { PROCESSES = 3 };

START_TEST(processes_share_binaries)
{
  pid_t child[PROCESSES];
  fresh_cache();
  for (int i = 0; i < PROCESSES; i++) {
    child[i] = fork();
    if (child[i] == 0) {
      open_and_close();
      open_and_close();
      _exit(0);
    }
  }
  for (int i = 0; i < PROCESSES; i++) {
    int status = -1;
    ck_assert_int_eq(waitpid(child[i], &status, 0), child[i]);
    ck_assert_int_eq(status, 0);
  }
  slim_device *device = cl_test_open();
  ck_assert(!slim_cl_of(device)->programs->refused);
  ck_assert_uint_eq(slim_cl_of(device)->programs->num_saved, 1);
  slim_device_close(device);
  remove_cache();
}
END_TEST

static slim_device *closed_late;

static void close_late(void)
{
  slim_device_close(closed_late);
}

/* When the driver's compiler may be gone already. */
START_TEST(a_device_may_be_closed_at_exit)
{
  int status = -1;
  fresh_cache();
  const pid_t child = fork();
  if (child == 0) {
    closed_late = atexit(close_late) == 0 ? cl_test_open() : NULL;
    exit(closed_late == NULL || closed_late->backend->finish(closed_late) != SLIM_OK);
  }
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_int_eq(status, 0);
  char kept[96];
  (void)snprintf(kept, sizeof kept, "%s/slimcl", cache_home); /* drivers may keep theirs beside it */
  ck_assert_int_ne(access(kept, F_OK), 0);
  (void)rmdir(cache_home);
}
END_TEST

static bool is_of_gpus(const char *kernel)
{
  return strstr(kernel, "_tile_") != NULL || strstr(kernel, "_group_") != NULL ||
         strstr(kernel, "_winograd_batch_") != NULL;
}

/* Builds the kernels of source i that hold for a class of devices: some are for GPUs, the others for CPUs or all. */
static int build_kernels(const char *limits, bool of_gpus, int i)
{
  const slim_kernel_source *s = &slim_kernel_sources[i];
  int kernels = 0;
  setenv("SLIM_DEVICE_LIMITS", limits, 1);
  slim_device *device = cl_test_open();
  for (const char *at = strstr(s->text, "__kernel "); at != NULL; at = strstr(at + 1, "__kernel ")) {
    char name[96] = "";
    ck_assert_int_eq(sscanf(strstr(at, "void ") + strlen("void "), "%90[a-z0-9_](", name), 1);
    if (is_of_gpus(name) == of_gpus) {
      cl_kernel kernel = NULL;
      slim_cl_program *program = NULL;
      ck_assert_msg(slim_cl_kernel_create(device, name, &kernel, &program) == SLIM_OK, "%s", device->error.text);
      slim_cl_of(device)->api->ReleaseKernel(kernel);
      kernels++;
    }
  }
  slim_device_close(device);
  unsetenv("SLIM_DEVICE_LIMITS");
  return kernels;
}

/* Kernels for CPUs are built only where they would run: drivers of other classes may take minutes for them. */
START_TEST(every_embedded_program_builds)
{
  const char *name = slim_kernel_sources[_i].name;
  const bool cpu = is_cpu_class(), preamble = strcmp(name, "custom") == 0 || strcmp(name, "chain") == 0;
  const int plain = cpu ? build_kernels("class=cpu", false, _i) : 0, tiles = build_kernels("class=gpu", true, _i);
  ck_assert_int_ge(plain + tiles, cpu && !preamble);
}
END_TEST

static slim_cl_program *program_of(slim_device *device, const char *name)
{
  cl_kernel kernel = NULL;
  slim_cl_program *program = NULL;
  ck_assert_msg(slim_cl_kernel_create(device, name, &kernel, &program) == SLIM_OK, "%s", device->error.text);
  slim_cl_of(device)->api->ReleaseKernel(kernel);
  return program;
}

/* One program of three kernels of two sources, another of a twin, and one of what nobody expected. */
static void use_kernels(slim_device *device)
{
  static const char *const names[] = { "slim_binary_naive_f32", "slim_activation_naive_f32", "slim_softmax_naive_f32" };
  const size_t local[3] = { 1, 1, 1 };
  for (size_t i = 0; i < 3; i++) {
    ck_assert_str_eq(slim_cl_kernel_expect(device, names[i]), names[i]);
  }
  ck_assert_ptr_nonnull(slim_cl_kernel_expect(device, "slim_matmul_naive_f16"));
  ck_assert_ptr_null(slim_cl_kernel_expect(device, "slim_no_such_kernel"));
  slim_cl_program *program = program_of(device, names[0]);
  ck_assert_ptr_eq(program_of(device, names[2]), program);
  ck_assert_ptr_ne(program_of(device, names[1]), program); /* the self-test has it already */
  ck_assert_ptr_ne(program_of(device, "slim_matmul_naive_f16"), program);
  ck_assert_ptr_ne(program_of(device, "slim_cast_naive_any"), program);
  slim_cl_program_launched(device, program, names[0], local);
  ck_assert_uint_eq(program->num_launched, 1);
}

START_TEST(expected_kernels_are_one_program)
{
  struct stat before, after;
  fresh_cache();
  for (int again = 0; again < 2; again++) {
    slim_device *device = cl_test_open();
    use_kernels(device);
    slim_device_close(device);
    char *path = cache_file();
    ck_assert_int_eq(stat(path, again ? &after : &before), 0);
    free(path);
  }
  ck_assert_uint_eq(before.st_ino, after.st_ino); /* found by any of its kernels, and not written again */
  remove_cache();
}
END_TEST

/* Convolutions by Winograd's and by packed weights, pooling, a product; all of what a device of some class may launch. */
static slim_tensor *small_net(slim_tensor *images)
{
  slim_tensor *net = slim_conv2d(images, 64, SLIM_HW(3, 3), .scope = "conv1");
  net = slim_conv2d(net, 64, SLIM_HW(1, 1), .scope = "conv2");
  net = slim_conv2d(net, 64, SLIM_HW(3, 3), .scope = "conv3");
  net = slim_max_pool2d(net, SLIM_HW(2, 2), .scope = "pool");
  net = slim_separable_conv2d(net, 64, SLIM_HW(3, 3), .scope = "conv4");
  net = slim_flatten(net);
  return slim_fully_connected(net, 10, .scope = "logits");
}

START_TEST(a_plan_is_one_program)
{
  enum { SIDE = 14, CHANNELS = 64 };
  static float pixels[SIDE * SIDE * CHANNELS];
  float logits[10];
  slim_graph *graph = slim_graph_create(1);
  slim_tensor *x = slim_placeholder(graph, SLIM_FLOAT32, SLIM_SHAPE(1, SIDE, SIDE, CHANNELS), "x");
  fresh_cache();
  const slim_fetch fetch = { small_net(x), logits, sizeof(logits) };
  const slim_feed feed = { x, pixels, 1 };
  slim_device *device = cl_test_open();
  slim_session *session = NULL;
  int programs = 0;
  ck_assert_int_eq(slim_session_create(graph, device, NULL, &session, NULL), SLIM_OK);
  ck_assert_int_eq(slim_session_initialize(session), SLIM_OK);
  ck_assert_msg(slim_session_run(session, &feed, 1, &fetch, 1) == SLIM_OK, "%s", slim_session_error(session));
  for (const slim_cl_program *p = slim_cl_of(device)->programs; p != NULL; p = p->next) {
    programs++;
  }
  /* and the self-test's, on GPUs also of twins that take numbers in fours */
  ck_assert_int_eq(programs, device->info.device_class == SLIM_CLASS_CPU ? 2 : 3);
  slim_session_destroy(session);
  slim_device_close(device);
  slim_graph_destroy(graph);
  remove_cache();
}
END_TEST

static bool is_expected(const slim_device *device, const char *name)
{
  const slim_cl_kernel *k = slim_cl_of(device)->kernels;
  while (k != NULL && strcmp(k->name, name) != 0) {
    k = k->next;
  }
  return k != NULL;
}

/* Tiles take numbers four at once where all vectors are whole: of the result, of a and of b, which lie along n, or along
 * m or k. */
START_TEST(products_of_any_batch_go_in_fours)
{
  static const struct {
    int m, n, k;
    bool a_turned, b_turned, fours;
  } products[] = {
    { 1, 8, 12, false, false, true }, { 3, 8, 12, false, true, true },   { 3, 8, 13, false, false, false },
    { 8, 4, 5, true, false, true },   { 8, 4, 5, true, true, false },    { 3, 8, 12, true, false, false },
    { 8, 4, 12, true, true, true },   { 8, 6, 12, false, false, false },
  };
  const int m = products[_i].m, n = products[_i].n, k = products[_i].k;
  slim_matmul_params p = { .m = m, .n = n, .k = k, .a_row = k, .a_k = 1, .b_k = n, .b_column = 1 };
  if (products[_i].a_turned) {
    p.a_row = 1;
    p.a_k = m;
  }
  if (products[_i].b_turned) {
    p.b_k = 1;
    p.b_column = k;
  }
  setenv("SLIM_DEVICE_LIMITS", "class=gpu", 1);
  slim_device *device = cl_test_open();
  const slim_view none = { .dtype = SLIM_FLOAT32 };
  const slim_cl_epilogue epilogue = { .bias = &none, .residual = &none };
  slim_cl_build b = { .device = device, .cl = slim_cl_of(device), .workspace = &none, .naming = true };
  slim_cl_matmul(&b, &none, &none, &none, &epilogue, &p);
  ck_assert_int_eq(is_expected(device, "slim_matmul_tile_v4_f32"), products[_i].fours);
  ck_assert_int_eq(is_expected(device, "slim_matmul_tile_f32"), !products[_i].fours);
  slim_device_close(device);
}
END_TEST

/* Of those that a CPU has; or of those that a GPU has, whose names tell. */
static bool is_of(const char *kernel, bool gpu)
{
  const bool of_all = strstr(kernel, "_naive_") != NULL || strstr(kernel, "_vector_") != NULL;
  return gpu ? is_of_gpus(kernel) || of_all : !is_of_gpus(kernel);
}

/* As a plan of all ops might need them, on a CPU and on a GPU. */
START_TEST(all_kernels_can_be_one_program)
{
  fresh_cache();
  if (_i == 1) {
    setenv("SLIM_DEVICE_LIMITS", "class=gpu", 1);
  }
  slim_device *device = _i == 1 || is_cpu_class() ? cl_test_open() : NULL;
  const char *last = NULL;
  static char names[256][96];
  int count = 0;
  for (size_t i = 0; i < slim_kernel_source_count && device != NULL; i++) {
    const char *text = slim_kernel_sources[i].text;
    for (const char *at = strstr(text, "\n__kernel "); at != NULL; at = strstr(at + 1, "\n__kernel ")) {
      ck_assert_int_lt(count, 256);
      ck_assert_int_eq(sscanf(strstr(at, "void ") + strlen("void "), "%90[a-z0-9_](", names[count]), 1);
      if (is_of(names[count], _i == 1)) {
        slim_cl_kernel_expect(device, names[count]);
        last = names[count++];
      }
    }
  }
  for (int i = 0; i < count; i++) {
    ck_assert_msg(strcmp(names[i], "slim_activation_naive_f32") == 0 ||
                      program_of(device, names[i]) == program_of(device, last),
                  "%s: %s", names[i], device->error.text);
  }
  slim_device_close(device);
  unsetenv("SLIM_DEVICE_LIMITS");
  remove_cache();
}
END_TEST

static void build(TCase *c)
{
  tcase_add_test(c, a_device_opens_and_moves_bytes);
  tcase_add_test(c, what_is_mapped_is_written_in_place);
  tcase_add_loop_test(c, large_uploads_arrive_whole, 0, 2);
  tcase_add_test(c, finishing_waits_for_what_was_flushed);
  tcase_add_test(c, limits_clamp_what_queries_report);
  tcase_add_loop_test(c, groups_choose_the_class, 0, 5);
  tcase_add_test(c, limits_choose_the_width_of_vectors);
  tcase_add_test(c, an_allocation_above_the_limit_is_an_error);
  tcase_add_test(c, local_memory_above_the_limit_is_an_error);
  tcase_add_test(c, no_such_device_is_a_clear_error);
  tcase_add_test(c, binaries_are_kept_and_used_again);
  tcase_add_test(c, a_binary_that_the_driver_refuses_is_made_again);
  tcase_add_test(c, processes_share_binaries);
  tcase_add_test(c, a_device_may_be_closed_at_exit);
  tcase_add_test(c, expected_kernels_are_one_program);
  tcase_add_test(c, a_plan_is_one_program);
  tcase_add_loop_test(c, products_of_any_batch_go_in_fours, 0, 8);
  tcase_add_loop_test(c, all_kernels_can_be_one_program, 0, 2);
  tcase_add_loop_test(c, every_embedded_program_builds, 0, (int)slim_kernel_source_count);
}

TEST_MAIN("opencl_device", build, cl_test_available)
