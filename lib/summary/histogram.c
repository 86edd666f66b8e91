#include "summary/histogram.h"

#include "formats/protobuf.h"
#include "summary/event_fields.h"

#include <assert.h>
#include <float.h>
#include <string.h>

#define SMALLEST_LIMIT 1e-12
#define LARGEST_LIMIT 1e20
#define GROWTH 1.1

void slim_histogram_counter_init(slim_histogram_counter *counter)
{
  double positive[SLIM_HISTOGRAM_MOST_BUCKETS];
  size_t n = 0, at = 0;
  double limit = SMALLEST_LIMIT;
  while (limit < LARGEST_LIMIT) {
    positive[n++] = limit;
    limit *= GROWTH;
  }
  positive[n++] = DBL_MAX;
  assert(2 * n + 1 <= SLIM_HISTOGRAM_MOST_BUCKETS);
  for (size_t i = n; i-- > 0;) {
    counter->limit[at++] = -positive[i];
  }
  counter->limit[at++] = 0.0;
  memcpy(counter->limit + at, positive, n * sizeof *positive);
  counter->buckets = at + n;
  slim_histogram_counter_clear(counter);
}

void slim_histogram_counter_clear(slim_histogram_counter *counter)
{
  memset(counter->count, 0, sizeof counter->count);
  counter->min = DBL_MAX;
  counter->max = -DBL_MAX;
  counter->num = counter->sum = counter->sum_squares = 0.0;
}

void slim_histogram_counter_add(slim_histogram_counter *counter, double value)
{
  size_t low = 0, high = counter->buckets - 1; /* the first limit above value; the last limit takes the rest */
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (counter->limit[middle] > value) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  counter->count[low] += 1.0;
  counter->min = value < counter->min ? value : counter->min;
  counter->max = value > counter->max ? value : counter->max;
  counter->num += 1.0;
  counter->sum += value;
  counter->sum_squares += value * value;
}

/* The last bucket of the run of empty ones that starts at i, or i itself. */
static size_t run_end(const slim_histogram_counter *counter, size_t i)
{
  while (counter->count[i] <= 0.0 && i + 1 < counter->buckets && counter->count[i + 1] <= 0.0) {
    i++;
  }
  return i;
}

static void put_list(const slim_histogram_counter *counter, const double *list, uint32_t field, slim_bytes *out)
{
  const size_t packed = slim_proto_begin(out, field);
  for (size_t i = 0; i < counter->buckets; i++) {
    uint64_t bits = 0;
    i = run_end(counter, i);
    memcpy(&bits, &list[i], sizeof bits);
    slim_bytes_append_u64(out, bits);
  }
  slim_proto_end(out, packed);
}

void slim_histogram_counter_put(const slim_histogram_counter *counter, slim_bytes *out)
{
  slim_proto_put_double(out, HISTOGRAM_MIN, counter->min);
  slim_proto_put_double(out, HISTOGRAM_MAX, counter->max);
  slim_proto_put_double(out, HISTOGRAM_NUM, counter->num);
  slim_proto_put_double(out, HISTOGRAM_SUM, counter->sum);
  slim_proto_put_double(out, HISTOGRAM_SUM_SQUARES, counter->sum_squares);
  put_list(counter, counter->limit, HISTOGRAM_LIMIT, out);
  put_list(counter, counter->count, HISTOGRAM_BUCKET, out);
}
