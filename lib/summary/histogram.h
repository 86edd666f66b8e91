/* Histograms over TensorFlow's default buckets. */
#ifndef SLIM_SUMMARY_HISTOGRAM_H
#define SLIM_SUMMARY_HISTOGRAM_H

#include "base/bytes.h"

#define SLIM_HISTOGRAM_MOST_BUCKETS 1600

/** Limits and counts; make once, clear for each histogram. */
typedef struct slim_histogram_counter {
  size_t buckets;
  double limit[SLIM_HISTOGRAM_MOST_BUCKETS], count[SLIM_HISTOGRAM_MOST_BUCKETS];
  double min, max, num, sum, sum_squares;
} slim_histogram_counter;

void slim_histogram_counter_init(slim_histogram_counter *counter);
void slim_histogram_counter_clear(slim_histogram_counter *counter);
/** value must be finite. */
void slim_histogram_counter_add(slim_histogram_counter *counter, double value);
/** Appends the fields of a HistogramProto; runs of empty buckets become one. */
void slim_histogram_counter_put(const slim_histogram_counter *counter, slim_bytes *out);

#endif
