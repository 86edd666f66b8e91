/* What searches found: loaded with the device, asked by ops, kept in the cache file. */
#include "backend/opencl/tuning.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/opencl/cache.h"
#include "backend/opencl/opencl.h"
#include "base/rng.h"
#include "kernels/kernels.h"

#define ITEM_SIZE 12u /* hash, value */
#define SHAPE_MOST 16

/* --- asking ------------------------------------------------------------------------------------------------------- */

static uint64_t hash_of(const slim_cl_knob *knob, const int *shape, int dims)
{
  unsigned char bytes[96 + 4 * SHAPE_MOST] = { 0 };
  const size_t length = strlen(knob->name) < 95 ? strlen(knob->name) : 95;
  memcpy(bytes, knob->name, length);
  for (int i = 0; i < dims && i < SHAPE_MOST; i++) {
    slim_store_u32(bytes + 96 + (size_t)i * 4, (uint32_t)shape[i]);
  }
  return slim_hash_bytes(bytes, sizeof(bytes));
}

bool slim_cl_finding_of(const slim_cl_findings *findings, const slim_cl_knob *knob, uint64_t hash, int *found)
{
  size_t low = 0, high = findings->count;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    low = findings->item[middle].hash < hash ? middle + 1 : low;
    high = findings->item[middle].hash < hash ? high : middle;
  }
  if (low == findings->count || findings->item[low].hash != hash) {
    return false;
  }
  int i = 0;
  while (i < knob->count && knob->values[i] != findings->item[low].value) {
    i++;
  }
  *found = i < knob->count ? knob->values[i] : *found;
  return i < knob->count;
}

static int value_of(slim_cl_tuning *t, const slim_cl_knob *knob, uint64_t hash, int otherwise)
{
  int value = otherwise;
  if (t->search != NULL) {
    value = slim_cl_search_value(t, knob, hash, otherwise);
  } else if (t->forced > 0) {
    value = knob->values[(t->forced - 1) % knob->count];
  } else if (t->forced < 0) {
    (void)slim_cl_finding_of(&t->findings, knob, hash, &value);
  }
  return value;
}

int slim_cl_tuned(const slim_device *device, const slim_cl_knob *knob, const int *shape, int dims, int otherwise)
{
  slim_cl_tuning *t = slim_cl_of(device)->tuning;
  if (t == NULL) {
    return otherwise;
  }
  const uint64_t hash = hash_of(knob, shape, dims);
  pthread_mutex_lock(&t->lock);
  const int value = value_of(t, knob, hash, otherwise);
  pthread_mutex_unlock(&t->lock);
  return value;
}

/* --- keeping ------------------------------------------------------------------------------------------------------ */

bool slim_cl_findings_parse(slim_span data, slim_cl_findings *findings)
{
  *findings = (slim_cl_findings){ NULL, 0 };
  const size_t count = data.size / ITEM_SIZE;
  if (data.size == 0 || data.size % ITEM_SIZE != 0) {
    return false;
  }
  slim_cl_finding *items = calloc(count, sizeof(*items));
  bool good = items != NULL;
  for (size_t i = 0; i < count && good; i++) {
    const unsigned char *from = data.data + i * ITEM_SIZE;
    items[i] = (slim_cl_finding){ slim_load_u64(from), (int)slim_load_u32(from + 8) };
    good = i == 0 || items[i - 1].hash < items[i].hash;
  }
  if (!good) {
    free(items);
    return false;
  }
  *findings = (slim_cl_findings){ items, count };
  return true;
}

static void append_finding(slim_bytes *out, slim_cl_finding f)
{
  slim_bytes_append_u64(out, f.hash);
  slim_bytes_append_u32(out, (uint32_t)f.value);
}

/* Both lists in order; where both have a hash, own's value. */
static void merge(slim_span old, slim_span own, slim_bytes *out)
{
  slim_cl_findings a, b;
  (void)slim_cl_findings_parse(old, &a);
  (void)slim_cl_findings_parse(own, &b);
  for (size_t i = 0, k = 0; i < a.count || k < b.count;) {
    if (k == b.count || (i < a.count && a.item[i].hash < b.item[k].hash)) {
      append_finding(out, a.item[i++]);
    } else {
      i += i < a.count && a.item[i].hash == b.item[k].hash;
      append_finding(out, b.item[k++]);
    }
  }
  free(a.item);
  free(b.item);
}

/* What findings depend on: the device as it is seen, and the sources of all kernels. */
static slim_cl_cache_entry entry_of(const slim_device *device)
{
  const slim_device_info *info = &device->info;
  slim_cl_cache_entry entry = { .merge = merge };
  char text[320];
  uint64_t kernels = 0;
  for (size_t i = 0; i < slim_kernel_source_count; i++) {
    kernels = kernels * 31 + slim_hash_words(slim_kernel_sources[i].text, slim_kernel_sources[i].size);
  }
  snprintf(text, sizeof(text), "tuned %s|%s|%d|%zu|%zu|%zu", SLIM_VERSION, slim_cl_of(device)->options,
           info->compute_units, info->max_work_group, info->local_memory, info->max_allocation);
  entry.key[0] = slim_hash(text);
  entry.key[1] = kernels;
  return entry;
}

static void load(slim_device *device)
{
  slim_cl_tuning *t = slim_cl_of(device)->tuning;
  slim_cl_cache_entry entry = entry_of(device);
  slim_cl_findings found = { NULL, 0 };
  if (slim_cl_cache_find(device, &entry)) {
    (void)slim_cl_findings_parse((slim_span){ entry.data, entry.bytes }, &found);
  }
  free(entry.data);
  pthread_mutex_lock(&t->lock);
  free(t->findings.item);
  t->findings = found;
  pthread_mutex_unlock(&t->lock);
}

static int by_hash(const void *a, const void *b)
{
  const uint64_t x = ((const slim_cl_finding *)a)->hash, y = ((const slim_cl_finding *)b)->hash;
  return (x > y) - (x < y);
}

slim_status slim_cl_findings_keep(slim_device *device, slim_cl_finding *items, size_t count)
{
  slim_bytes data = { 0 };
  slim_cl_cache_entry entry = entry_of(device);
  if (count == 0) {
    return SLIM_OK;
  }
  qsort(items, count, sizeof(*items), by_hash);
  for (size_t i = 0; i < count; i++) {
    append_finding(&data, items[i]);
  }
  entry.data = data.data;
  entry.bytes = data.size;
  const slim_status status = data.failed ? slim_cl_fail(device, SLIM_ERR_MEMORY, "cache: out of memory")
                                         : slim_cl_cache_store(device, &entry, 1);
  slim_bytes_free(&data);
  load(device);
  return status;
}

slim_status slim_cl_findings_import(slim_device *device, const char *path)
{
  const slim_cl_cache_entry entry = entry_of(device);
  const slim_status status = slim_cl_cache_import(device, path, &entry);
  load(device);
  return status;
}

void slim_cl_tuning_open(slim_device *device)
{
  const char *forced = getenv("SLIM_KNOBS");
  slim_cl_tuning *t = calloc(1, sizeof(*t));
  slim_cl_of(device)->tuning = t;
  if (t != NULL) {
    pthread_mutex_init(&t->lock, NULL);
    t->forced = forced != NULL && *forced >= '0' && *forced <= '9' ? atoi(forced) : -1;
    load(device);
  }
}

void slim_cl_tuning_close(slim_device *device)
{
  slim_cl_tuning *t = slim_cl_of(device)->tuning;
  if (t != NULL) {
    free(t->findings.item);
    pthread_mutex_destroy(&t->lock);
    free(t);
    slim_cl_of(device)->tuning = NULL;
  }
}
