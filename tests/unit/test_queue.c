/* The order, the batches and the end of queues; everything here must hold for any number of threads and any timing. */
#include "data/order.h"
#include "data/queue.h"
#include "test_main.h"

#include <pthread.h>
#include <time.h>

#define MANY 4096

static int64_t values[MANY];
static float pairs[MANY][2];

static const slim_array two_arrays[] = { { "pair", SLIM_FLOAT32, { 1, { 2 } }, pairs },
                                         { "value", SLIM_INT64, { 0, { 0 } }, values } };

static void fill_arrays(void)
{
  for (int i = 0; i < MANY; i++) {
    values[i] = i;
    pairs[i][0] = (float)i;
    pairs[i][1] = (float)-i;
  }
}

static slim_queue *open_queue(int64_t samples, int batch, const slim_stream_options *options)
{
  slim_queue *queue = NULL;
  slim_error error = { 0 };
  fill_arrays();
  ck_assert_msg(slim_queue_of_arrays(two_arrays, 2, samples, batch, options, &queue, &error) == SLIM_OK, "%s",
                error.text);
  return queue;
}

/* Takes up to limit values; the items of a sample must fit together. @return how many. */
static int drain(slim_queue *queue, int64_t *out, int limit, slim_status *end)
{
  int count = 0;
  const slim_batch *batch = NULL;
  slim_error error = { 0 };
  while (count < limit && (*end = slim_queue_take(queue, &batch, &error)) == SLIM_OK) {
    const float *pair = batch->items[0].data;
    const int64_t *value = batch->items[1].data;
    ck_assert_int_eq(batch->items[0].shape.dim[0], batch->size);
    for (int i = 0; i < batch->size && count < limit; i++) {
      ck_assert(pair[2 * i] == (float)value[i] && pair[2 * i + 1] == (float)-value[i]);
      out[count++] = value[i];
    }
    slim_queue_give_back(queue, batch);
  }
  return count;
}

START_TEST(order_of_a_seed_is_pinned)
{
  static const int64_t golden[2][12] = { { 2, 10, 7, 1, 5, 0, 9, 11, 4, 6, 8, 3 },
                                         { 5, 4, 6, 8, 10, 2, 3, 11, 0, 1, 9, 7 } };
  const slim_stream_options options = { .shuffle = true, .seed = 7, .num_epochs = 2 };
  slim_queue *queue = open_queue(12, 5, &options);
  int64_t got[64];
  slim_status end = SLIM_OK;
  ck_assert_int_eq(drain(queue, got, 64, &end), 24);
  ck_assert_int_eq(end, SLIM_ERR_END);
  for (int i = 0; i < 24; i++) {
    ck_assert_msg(got[i] == golden[i / 12][i % 12], "epoch %d, place %d: %d", i / 12, i % 12, (int)got[i]);
  }
  slim_queue_destroy(queue);
}
END_TEST

START_TEST(unshuffled_is_in_order_and_the_last_batch_is_partial)
{
  static const int sizes[] = { 4, 4, 2 };
  const slim_stream_options options = { .num_epochs = 1 };
  slim_queue *queue = open_queue(10, 4, &options);
  const slim_batch *batch = NULL;
  int64_t expected = 0;
  for (int b = 0; b < 3; b++) {
    ck_assert_int_eq(slim_queue_take(queue, &batch, NULL), SLIM_OK);
    ck_assert_int_eq(batch->size, sizes[b]);
    ck_assert_int_eq(batch->num_items, 2);
    ck_assert_str_eq(batch->items[1].name, "value");
    ck_assert_uint_eq((uintptr_t)batch->items[1].data % 64, 0);
    for (int i = 0; i < batch->size; i++) {
      ck_assert_int_eq(((const int64_t *)batch->items[1].data)[i], expected++);
    }
    slim_queue_give_back(queue, batch);
  }
  for (int i = 0; i < 3; i++) { /* the end repeats */
    slim_error error = { 0 };
    ck_assert_int_eq(slim_queue_take(queue, &batch, &error), SLIM_ERR_END);
    ck_assert_str_eq(error.text, "end of input");
    ck_assert_ptr_null(batch);
  }
  slim_queue_destroy(queue);
}
END_TEST

START_TEST(drop_partial_leaves_out_the_rest)
{
  const slim_stream_options options = { .num_epochs = 1, .drop_partial = true };
  slim_queue *queue = open_queue(10, 4, &options);
  int64_t got[16];
  slim_status end = SLIM_OK;
  ck_assert_int_eq(drain(queue, got, 16, &end), 8);
  ck_assert_int_eq(end, SLIM_ERR_END);
  slim_queue_destroy(queue);
}
END_TEST

START_TEST(an_epoch_has_each_sample_once)
{
  static const int64_t windows[] = { 1, 7, 100, 1000, 0 };
  const slim_stream_options options = { .shuffle = true, .seed = 3, .shuffle_records = windows[_i], .num_epochs = 3 };
  slim_queue *queue = open_queue(1000, 64, &options);
  static int64_t got[3001];
  slim_status end = SLIM_OK;
  ck_assert_int_eq(drain(queue, got, 3001, &end), 3000);
  for (int epoch = 0; epoch < 3; epoch++) {
    bool seen[1000] = { false };
    for (int i = 0; i < 1000; i++) {
      const int64_t v = got[epoch * 1000 + i];
      ck_assert_msg(!seen[v], "epoch %d has %d twice", epoch, (int)v);
      seen[v] = true;
    }
  }
  ck_assert_int_eq(memcmp(got, got + 1000, 1000 * sizeof *got) == 0, windows[_i] == 1); /* epochs differ */
  slim_queue_destroy(queue);
}
END_TEST

START_TEST(a_window_draws_only_from_what_it_holds)
{
  const slim_stream_options options = { .shuffle = true, .seed = 11, .shuffle_records = 50, .num_epochs = 1 };
  slim_queue *queue = open_queue(MANY, 32, &options);
  static int64_t got[MANY];
  slim_status end = SLIM_OK;
  int moved = 0;
  ck_assert_int_eq(drain(queue, got, MANY, &end), MANY);
  for (int i = 0; i < MANY; i++) {
    ck_assert_int_lt((int)got[i], i + 50); /* place i draws among the first i + 50 */
    moved += got[i] != i;
  }
  ck_assert_int_gt(moved, MANY * 9 / 10);
  slim_queue_destroy(queue);
}
END_TEST

START_TEST(first_draw_is_uniform)
{
  int count[8] = { 0 };
  for (uint64_t seed = 0; seed < 800; seed++) {
    slim_walk walk;
    slim_order *order = NULL;
    slim_ticket ticket;
    const slim_stream_options options = { .shuffle = true, .seed = seed };
    ck_assert_int_eq(slim_walk_of_rows(8, &walk, NULL), SLIM_OK);
    ck_assert_int_eq(slim_order_create(walk, &options, 0, &order, NULL), SLIM_OK);
    ck_assert_int_eq(slim_order_next(order, &ticket, NULL), SLIM_OK);
    count[ticket.offset]++;
    slim_order_destroy(order);
  }
  for (int i = 0; i < 8; i++) {
    ck_assert_msg(count[i] > 60 && count[i] < 140, "row %d came first %d times of 800", i, count[i]);
  }
}
END_TEST

START_TEST(threads_do_not_change_the_order)
{
  static const int threads[] = { 1, 2, 4, 7 };
  static int64_t expected[MANY * 2], got[MANY * 2];
  slim_status end = SLIM_OK;
  slim_stream_options options = { .shuffle = true, .seed = 5, .num_threads = 1 };
  slim_queue *queue = open_queue(1001, 33, &options);
  drain(queue, expected, MANY * 2, &end);
  slim_queue_destroy(queue);
  options.num_threads = threads[_i];
  options.capacity = 3;
  queue = open_queue(1001, 33, &options);
  ck_assert_int_eq(drain(queue, got, MANY * 2, &end), MANY * 2);
  ck_assert_mem_eq(got, expected, sizeof got);
  slim_queue_destroy(queue);
}
END_TEST

START_TEST(start_step_continues_the_run)
{
  static const int64_t steps[] = { 1, 30, 31, 100, 1000 };
  static int64_t all[40000], rest[1000];
  const int64_t step = steps[_i];
  slim_status end = SLIM_OK;
  slim_stream_options options = { .shuffle = true, .seed = 9, .shuffle_records = 64 };
  slim_queue *queue = open_queue(1001, 32, &options);
  drain(queue, all, (int)step * 32 + 1000, &end);
  slim_queue_destroy(queue);
  options.start_step = step;
  queue = open_queue(1001, 32, &options);
  ck_assert_int_eq(drain(queue, rest, 1000, &end), 1000);
  ck_assert_mem_eq(rest, all + step * 32, sizeof rest);
  slim_queue_destroy(queue);
}
END_TEST

START_TEST(start_step_behind_the_end_is_the_end)
{
  const slim_stream_options options = { .num_epochs = 2, .start_step = 5 };
  slim_queue *queue = open_queue(10, 4, &options);
  const slim_batch *batch = NULL;
  ck_assert_int_eq(slim_queue_take(queue, &batch, NULL), SLIM_ERR_END);
  slim_queue_destroy(queue);
}
END_TEST

START_TEST(several_batches_may_be_held)
{
  const slim_stream_options options = { .capacity = 4 };
  slim_queue *queue = open_queue(1000, 10, &options);
  const slim_batch *held[3];
  for (int round = 0; round < 20; round++) {
    for (int i = 0; i < 3; i++) {
      ck_assert_int_eq(slim_queue_take(queue, &held[i], NULL), SLIM_OK);
    }
    for (int i = 2; i >= 0; i--) { /* handed back in the other order */
      const int64_t *value = held[i]->items[1].data;
      ck_assert_int_eq(value[0], (round * 3 + i) * 10 % 1000);
      slim_queue_give_back(queue, held[i]);
    }
  }
  slim_queue_destroy(queue);
}
END_TEST

/* 0: after the end; otherwise after so many values. */
START_TEST(a_queue_begins_again)
{
  static const int taken[] = { 0, 1, 40, 700 };
  static int64_t first[2000], again[2000];
  slim_status end = SLIM_OK;
  const slim_stream_options options = {
    .shuffle = true, .seed = 4, .num_epochs = 2, .start_step = 3, .num_threads = 3
  };
  slim_queue *queue = open_queue(1001, 16, &options);
  ck_assert_int_eq(slim_queue_restart(queue, NULL), SLIM_OK);
  const int all = drain(queue, first, 2000, &end);
  ck_assert_int_eq(all, 2002 - 48 < 2000 ? 2002 - 48 : 2000);
  ck_assert_int_eq(end, SLIM_ERR_END);
  for (int round = 0; round < 3; round++) {
    slim_error error = { 0 };
    ck_assert_int_eq(slim_queue_restart(queue, &error), SLIM_OK);
    ck_assert_str_eq(error.text, "");
    const int wanted = _i == 0 ? all : taken[_i];
    ck_assert_int_eq(drain(queue, again, _i == 0 ? 2000 : wanted, &end), wanted);
    ck_assert_mem_eq(again, first, (size_t)wanted * sizeof *first);
  }
  slim_queue_destroy(queue);
}
END_TEST

START_TEST(items_are_described)
{
  slim_queue *queue = open_queue(10, 4, NULL);
  int capacity = 0;
  ck_assert_int_eq(slim_queue_num_items(queue), 2);
  ck_assert_int_eq(slim_queue_batch_size(queue), 4);
  ck_assert_str_eq(slim_queue_item(queue, 0)->name, "pair");
  ck_assert_int_eq(slim_queue_item(queue, 0)->shape.rank, 2);
  ck_assert_int_eq(slim_queue_item(queue, 0)->shape.dim[0], -1);
  ck_assert_int_eq(slim_queue_item(queue, 1)->dtype, SLIM_INT64);
  ck_assert_ptr_null(slim_queue_item(queue, 2));
  ck_assert_ptr_null(slim_queue_item(queue, -1));
  while (slim_queue_ready(queue, &capacity) < 8) {
    nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
  }
  ck_assert_int_eq(capacity, 8);
  slim_queue_destroy(queue); /* with all slots full */
}
END_TEST

/* --- a source of its own: sleeps, errors -------------------------------------------------------------------------- */

typedef struct sleepy {
  uint64_t bad_row; /* rows from here on fail */
  int destroyed;
} sleepy;

static slim_status fill_slowly(void *user, int worker, const slim_ticket *ticket, void *const *rows, slim_error *error)
{
  const sleepy *s = user;
  (void)worker;
  const long nanoseconds = (long)((ticket->sample * 2654435761u) % 7) * 20000;
  nanosleep(&(struct timespec){ .tv_nsec = nanoseconds }, NULL);
  *(int64_t *)rows[0] = (int64_t)ticket->offset;
  return ticket->sample >= s->bad_row
             ? slim_error_set(error, SLIM_ERR_DATA, "sample %d is damaged", (int)ticket->sample)
             : SLIM_OK;
}

static void mark_destroyed(void *user)
{
  ((sleepy *)user)->destroyed++;
}

static slim_queue *open_sleepy(sleepy *s, int threads, int64_t rows, int batch)
{
  static const slim_array item = { "value", SLIM_INT64, { 0, { 0 } }, NULL };
  const slim_sample_source source = { &item, 1, s, fill_slowly, mark_destroyed };
  slim_stream_options options = { .shuffle = true, .seed = 1, .num_epochs = 1, .num_threads = threads };
  slim_walk walk;
  slim_queue *queue = NULL;
  ck_assert_int_eq(slim_stream_resolve(&options, &options, NULL), SLIM_OK);
  ck_assert_int_eq(slim_walk_of_rows((uint64_t)rows, &walk, NULL), SLIM_OK);
  ck_assert_int_eq(slim_queue_create(source, walk, batch, &options, &queue, NULL), SLIM_OK);
  return queue;
}

static int drain_values(slim_queue *queue, int64_t *out, slim_error *error)
{
  int count = 0;
  const slim_batch *batch = NULL;
  while (slim_queue_take(queue, &batch, error) == SLIM_OK) {
    memcpy(out + count, batch->items[0].data, (size_t)batch->size * sizeof *out);
    count += batch->size;
    slim_queue_give_back(queue, batch);
  }
  return count;
}

START_TEST(sleeps_do_not_change_the_order)
{
  static int64_t expected[1000], got[1000];
  for (int threads = 1; threads <= 4; threads *= 2) {
    sleepy s = { .bad_row = UINT64_MAX };
    slim_error error = { 0 };
    slim_queue *queue = open_sleepy(&s, threads, 1000, 24);
    ck_assert_int_eq(drain_values(queue, threads == 1 ? expected : got, &error), 1000);
    ck_assert_int_eq(error.status, SLIM_ERR_END);
    slim_queue_destroy(queue);
    ck_assert_int_eq(s.destroyed, 1);
    ck_assert(threads == 1 || memcmp(got, expected, sizeof got) == 0);
  }
}
END_TEST

START_TEST(an_error_takes_the_place_of_its_batch)
{
  static const uint64_t bad[] = { 0, 9, 10, 57, 99 };
  static int64_t got[100];
  for (int threads = 1; threads <= 4; threads++) {
    sleepy s = { .bad_row = bad[_i] };
    slim_error error = { 0 };
    char text[64];
    slim_queue *queue = open_sleepy(&s, threads, 100, 10);
    ck_assert_int_eq(drain_values(queue, got, &error), (int)(bad[_i] / 10 * 10));
    (void)snprintf(text, sizeof text, "sample %d is damaged", (int)bad[_i]);
    ck_assert_int_eq(error.status, SLIM_ERR_DATA);
    ck_assert_str_eq(error.text, text);
    const slim_batch *batch = NULL;
    ck_assert_int_eq(slim_queue_take(queue, &batch, NULL), SLIM_ERR_DATA);
    slim_queue_destroy(queue);
  }
}
END_TEST

START_TEST(a_queue_begins_again_after_an_error)
{
  static int64_t got[100];
  sleepy s = { .bad_row = 57 };
  slim_error error = { 0 };
  slim_queue *queue = open_sleepy(&s, 3, 100, 10);
  ck_assert_int_eq(drain_values(queue, got, &error), 50);
  s.bad_row = UINT64_MAX;
  ck_assert_int_eq(slim_queue_restart(queue, &error), SLIM_ERR_DATA); /* an error sticks */
  error = (slim_error){ 0 };
  ck_assert_int_eq(slim_queue_restart(queue, &error), SLIM_OK);
  ck_assert_int_eq(drain_values(queue, got, &error), 100);
  ck_assert_int_eq(error.status, SLIM_ERR_END);
  slim_queue_destroy(queue);
}
END_TEST

typedef struct waiter {
  slim_queue *queue;
  slim_status status;
} waiter;

static void *take_one(void *argument)
{
  waiter *w = argument;
  const slim_batch *batch = NULL;
  w->status = slim_queue_take(w->queue, &batch, NULL);
  return NULL;
}

/* All batches are held, so that the other thread waits. */
START_TEST(a_queue_that_is_waited_for_does_not_begin_again)
{
  const slim_stream_options options = { .capacity = 2, .num_threads = 1 };
  slim_queue *queue = open_queue(1000, 10, &options);
  const slim_batch *held[2];
  waiter w = { queue, SLIM_ERR_END };
  pthread_t thread;
  slim_error error = { 0 };
  for (int i = 0; i < 2; i++) {
    ck_assert_int_eq(slim_queue_take(queue, &held[i], NULL), SLIM_OK);
  }
  ck_assert_int_eq(pthread_create(&thread, NULL, take_one, &w), 0);
  nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
  ck_assert_int_eq(slim_queue_restart(queue, &error), SLIM_ERR_STATE);
  ck_assert_str_eq(error.text, "queue: it cannot begin again while a thread waits for a batch");
  slim_queue_give_back(queue, held[0]);
  ck_assert_int_eq(pthread_join(thread, NULL), 0);
  ck_assert_int_eq(w.status, SLIM_OK);
  ck_assert_int_eq(slim_queue_restart(queue, NULL), SLIM_OK);
  slim_queue_destroy(queue);
}
END_TEST

static slim_status make_sample(void *user, int worker, int64_t sample, void *const *rows, slim_error *error)
{
  ck_assert(worker >= 0 && worker < 3);
  *(int64_t *)rows[0] = 10 * sample;
  ((float *)rows[1])[0] = (float)sample;
  ((float *)rows[1])[1] = -(float)sample;
  return sample == *(const int64_t *)user ? slim_error_set(error, SLIM_ERR_DATA, "no more of this") : SLIM_OK;
}

static const slim_array made_items[] = { { "tens", SLIM_INT64, { 0, { 0 } }, NULL },
                                         { "pair", SLIM_FLOAT32, { 1, { 2 } }, NULL } };

START_TEST(a_function_fills_a_queue)
{
  int64_t bad = -1, seen = 0;
  const slim_batch *batch = NULL;
  slim_queue *queue = NULL;
  slim_error error = { 0 };
  const slim_stream_options options = { .num_epochs = 1, .num_threads = 3 };
  for (int round = 0; round < 2; round++) {
    ck_assert_int_eq(slim_prefetch_queue(made_items, 2, 1001, make_sample, &bad, 16, &options, &queue, &error),
                     SLIM_OK);
    for (seen = 0; slim_queue_take(queue, &batch, &error) == SLIM_OK; slim_queue_give_back(queue, batch)) {
      for (int i = 0; i < batch->size; i++, seen++) {
        ck_assert_int_eq(((const int64_t *)batch->items[0].data)[i], 10 * seen);
        ck_assert_float_eq(((const float *)batch->items[1].data)[2 * i + 1], -(float)seen);
      }
    }
    ck_assert_int_eq(seen, round == 0 ? 1001 : 32);
    ck_assert_int_eq(error.status, round == 0 ? SLIM_ERR_END : SLIM_ERR_DATA);
    ck_assert_str_eq(error.text, round == 0 ? "end of input" : "no more of this");
    slim_queue_destroy(queue);
    error = (slim_error){ 0 };
    bad = 40;
  }
  ck_assert_int_eq(slim_prefetch_queue(made_items, 2, 9, NULL, NULL, 4, NULL, &queue, &error), SLIM_ERR_ARG);
  ck_assert_str_eq(error.text, "queue: there is no function to fill it with");
}
END_TEST

START_TEST(destroy_in_the_middle_joins)
{
  for (int taken = 0; taken < 8; taken++) {
    sleepy s = { .bad_row = UINT64_MAX };
    slim_queue *queue = open_sleepy(&s, 3, 4000, 16);
    const slim_batch *batch = NULL;
    for (int i = 0; i < taken; i++) {
      ck_assert_int_eq(slim_queue_take(queue, &batch, NULL), SLIM_OK);
    }
    slim_queue_destroy(queue);
    ck_assert_int_eq(s.destroyed, 1);
  }
  slim_queue_destroy(NULL);
}
END_TEST

static const struct option_case {
  int64_t samples;
  int arrays, batch;
  slim_stream_options options;
  slim_dtype dtype;
  const char *text;
} option_cases[] = {
  { 0, 1, 4, { 0 }, SLIM_INT64, "queue: 1 arrays of 0 samples in batches of 4: all must be 1 or more" },
  { 9, 1, 0, { 0 }, SLIM_INT64, "queue: 1 arrays of 9 samples in batches of 0: all must be 1 or more" },
  { 9, 0, 4, { 0 }, SLIM_INT64, "queue: 0 arrays of 9 samples in batches of 4: all must be 1 or more" },
  { 9, 1, 4, { .num_epochs = -1 }, SLIM_INT64, "queue: num_epochs is -1, it must be 0 (the default) or more" },
  { 9, 1, 4, { .start_step = -5 }, SLIM_INT64, "queue: start_step is -5, it must be 0 (the default) or more" },
  { 9, 1, 4, { 0 }, SLIM_STRING, "queue: item 'value' of string [] cannot be batched" },
};

START_TEST(wrong_options_are_named)
{
  const struct option_case *c = &option_cases[_i];
  const slim_array array = { "value", c->dtype, { 0, { 0 } }, values };
  slim_queue *queue = NULL;
  slim_error error = { 0 };
  ck_assert_int_eq(slim_queue_of_arrays(&array, c->arrays, c->samples, c->batch, &c->options, &queue, &error),
                   SLIM_ERR_ARG);
  ck_assert_str_eq(error.text, c->text);
  ck_assert_ptr_null(queue);
}
END_TEST

#define COUNT(array_) (int)(sizeof(array_) / sizeof *(array_))

static void build(TCase *c)
{
  tcase_add_test(c, order_of_a_seed_is_pinned);
  tcase_add_test(c, unshuffled_is_in_order_and_the_last_batch_is_partial);
  tcase_add_test(c, drop_partial_leaves_out_the_rest);
  tcase_add_loop_test(c, an_epoch_has_each_sample_once, 0, 5);
  tcase_add_test(c, a_window_draws_only_from_what_it_holds);
  tcase_add_test(c, first_draw_is_uniform);
  tcase_add_loop_test(c, threads_do_not_change_the_order, 0, 4);
  tcase_add_loop_test(c, start_step_continues_the_run, 0, 5);
  tcase_add_test(c, start_step_behind_the_end_is_the_end);
  tcase_add_test(c, several_batches_may_be_held);
  tcase_add_loop_test(c, a_queue_begins_again, 0, 4);
  tcase_add_test(c, items_are_described);
  tcase_add_test(c, sleeps_do_not_change_the_order);
  tcase_add_loop_test(c, an_error_takes_the_place_of_its_batch, 0, 5);
  tcase_add_test(c, a_queue_begins_again_after_an_error);
  tcase_add_test(c, a_queue_that_is_waited_for_does_not_begin_again);
  tcase_add_test(c, a_function_fills_a_queue);
  tcase_add_test(c, destroy_in_the_middle_joins);
  tcase_add_loop_test(c, wrong_options_are_named, 0, COUNT(option_cases));
}

TEST_MAIN("queue", build, NULL)
