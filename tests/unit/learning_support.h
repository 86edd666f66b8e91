/* Input for the small net of session_support.h, and what event files say. */
#ifndef LEARNING_SUPPORT_H
#define LEARNING_SUPPORT_H

#include "session_support.h"
#include "slim/data.h"
#include "slim/learning.h"
#include "slim/summary.h"
#include "test_files.h"

enum { TEST_SAMPLES = 10 };

/* Sample i: x = (i, 1), t = (i, 2i, 0); once through, the last batch is short. */
static inline slim_queue *test_small_queue(int batch, int epochs)
{
  static float xs[TEST_SAMPLES][2], ts[TEST_SAMPLES][3];
  slim_queue *queue = NULL;
  slim_error error = { SLIM_OK, "" };
  for (int i = 0; i < TEST_SAMPLES; i++) {
    xs[i][0] = (float)i;
    xs[i][1] = 1;
    ts[i][0] = (float)i;
    ts[i][1] = (float)(2 * i);
  }
  const slim_array arrays[] = { { "x", SLIM_FLOAT32, SLIM_SHAPE(2), xs }, { "t", SLIM_FLOAT32, SLIM_SHAPE(3), ts } };
  const slim_stream_options options = { .num_epochs = epochs };
  ck_assert_msg(slim_queue_of_arrays(arrays, 2, TEST_SAMPLES, batch, &options, &queue, &error) == SLIM_OK, "%s",
                error.text);
  return queue;
}

static inline void test_attach(slim_session *session, const test_small *net, slim_queue *queue)
{
  test_ok(session, slim_session_attach(session, net->x, queue, 0));
  test_ok(session, slim_session_attach(session, net->t, queue, 1));
}

/* The summaries of a tag in all event files of the folder; steps as digits. */
static inline size_t test_read_summaries(const char *tag, char *steps, size_t size)
{
  slim_file_names names = { 0 };
  size_t found = 0;
  ck_assert_int_eq(slim_file_list(test_folder, &names, NULL), SLIM_OK);
  for (size_t i = 0; i < names.count; i++) {
    slim_event_reader *reader = NULL;
    slim_event event;
    if (strncmp(names.item[i], "events.", 7) == 0) {
      ck_assert_int_eq(slim_event_reader_open(test_path(names.item[i]), &reader, NULL), SLIM_OK);
    }
    while (reader && slim_event_reader_next(reader, &event, NULL) == SLIM_OK) {
      const bool summary = event.kind == SLIM_EVENT_SCALAR || event.kind == SLIM_EVENT_HISTOGRAM ||
                           event.kind == SLIM_EVENT_IMAGE;
      if (summary && strcmp(event.tag, tag) == 0) {
        found++;
        (void)snprintf(steps + strlen(steps), size - strlen(steps), "%d ", (int)event.step);
      }
    }
    slim_event_reader_close(reader);
  }
  slim_file_names_free(&names);
  return found;
}

#endif
