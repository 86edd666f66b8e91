#include "backend/backend.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const slim_backend *const backends[] = {
  &slim_backend_cpu,
#ifdef SLIM_HAVE_OPENCL
  &slim_backend_opencl,
#endif
};
#define BACKENDS (sizeof backends / sizeof *backends)

/* A device that could be opened: its backend and number there. */
typedef struct candidate {
  const slim_backend *backend;
  int index;
  slim_device_info info;
} candidate;

/* --- SLIM_DEVICE_LIMITS: "wg=64,local=16384,alloc=256M,images=0" -------------------------------------------------- */

static size_t read_size(const char *text)
{
  char *end = NULL;
  const unsigned long long value = strtoull(text, &end, 10);
  const int shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
  return value > (SIZE_MAX >> shift) ? SIZE_MAX : (size_t)value << shift;
}

static void clamp(size_t *value, size_t limit)
{
  *value = *value < limit ? *value : limit;
}

static void limit_one(slim_device_info *info, const char *item)
{
  if (strncmp(item, "wg=", 3) == 0) {
    clamp(&info->max_work_group, read_size(item + 3));
  } else if (strncmp(item, "local=", 6) == 0) {
    clamp(&info->local_memory, read_size(item + 6));
  } else if (strncmp(item, "alloc=", 6) == 0) {
    clamp(&info->max_allocation, read_size(item + 6));
  } else if (strncmp(item, "images=", 7) == 0) {
    info->images = info->images && read_size(item + 7) != 0;
  }
}

static void limit(slim_device_info *info)
{
  const char *item = getenv("SLIM_DEVICE_LIMITS");
  while (item && *item) {
    limit_one(info, item);
    item = strchr(item, ',');
    item += item ? 1 : 0;
  }
}

/* --- the list ----------------------------------------------------------------------------------------------------- */

/* Number k over all backends in order. */
static bool candidate_at(size_t k, candidate *out)
{
  for (size_t b = 0; b < BACKENDS; b++) {
    for (int i = 0;; i++) {
      memset(&out->info, 0, sizeof out->info);
      if (!backends[b]->describe(i, &out->info)) {
        break;
      }
      if (k-- == 0) {
        out->backend = backends[b];
        out->index = i;
        limit(&out->info);
        return true;
      }
    }
  }
  return false;
}

size_t slim_device_list(slim_device_info *infos, size_t capacity)
{
  candidate c;
  size_t count = 0;
  while (candidate_at(count, &c)) {
    if (infos && count < capacity) {
      infos[count] = c.info;
    }
    count++;
  }
  return count;
}

/* --- choosing ----------------------------------------------------------------------------------------------------- */

static bool is_cpu_backend(const candidate *c)
{
  return c->backend == &slim_backend_cpu;
}

/* GPU, accelerator, CPU. */
static int rank_of(const candidate *c)
{
  return c->info.is_gpu ? 3 : c->info.device_class != SLIM_CLASS_CPU ? 2 : 1;
}

static bool contains(const char *text, const char *part)
{
  const size_t length = strlen(part);
  for (; *text; text++) {
    if (strncasecmp(text, part, length) == 0) {
      return true;
    }
  }
  return false;
}

static bool name_matches(const slim_device_info *info, const char *part)
{
  return contains(info->name, part) || contains(info->vendor, part) || contains(info->version, part) ||
         contains(info->driver, part);
}

/* Names one device and no other: the search ends with it, so that "cpu" loads no OpenCL driver. */
static bool is_exact(const char *selector)
{
  return strcmp(selector, "cpu") == 0 || strncmp(selector, "opencl:", 7) == 0;
}

/* How well a device answers the selector; 0: not at all. The first of equals is taken. */
static int score(const candidate *c, const char *selector)
{
  if (strcmp(selector, "auto") == 0) {
    return is_cpu_backend(c) ? 2 : c->info.is_gpu ? 3 : 0;
  }
  if (strcmp(selector, "opencl") == 0) {
    return is_cpu_backend(c) ? 0 : rank_of(c);
  }
  if (is_exact(selector)) {
    return strcmp(selector, c->info.selector) == 0;
  }
  return !name_matches(&c->info, selector) ? 0 : is_cpu_backend(c) ? 1 : 2;
}

static void append(char *text, size_t size, const char *part)
{
  const size_t used = strlen(text);
  (void)snprintf(text + used, size - used, "%s", part);
}

static slim_status not_found(const char *selector, slim_error *error)
{
  char there[SLIM_ERROR_TEXT / 2] = "";
  candidate c;
  for (size_t k = 0; candidate_at(k, &c); k++) {
    append(there, sizeof there, k ? ", " : "");
    append(there, sizeof there, c.info.selector);
    append(there, sizeof there, " (");
    append(there, sizeof there, c.info.name);
    append(there, sizeof there, ")");
  }
  return slim_error_set(error, SLIM_ERR_NOT_FOUND, "device '%s': no such device; there are: %s", selector, there);
}

static bool choose(const char *selector, candidate *best)
{
  candidate c;
  int best_score = 0;
  for (size_t k = 0; !(best_score > 0 && is_exact(selector)) && candidate_at(k, &c); k++) {
    const int s = score(&c, selector);
    if (s > best_score) {
      best_score = s;
      *best = c;
    }
  }
  return best_score > 0;
}

slim_status slim_device_open(const char *selector, slim_device **device, slim_error *error)
{
  *device = NULL;
  if (slim_error_held(error)) {
    return error->status;
  }
  candidate c;
  if (!selector || !*selector) {
    return slim_error_set(error, SLIM_ERR_ARG, "device: the selector is empty; use cpu, opencl, opencl:<n>, auto or a name");
  }
  if (!choose(selector, &c)) {
    return not_found(selector, error);
  }
  slim_device *d = calloc(1, sizeof *d);
  if (!d) {
    return slim_error_set(error, SLIM_ERR_MEMORY, "device '%s': no memory for %zu bytes", selector, sizeof *d);
  }
  d->backend = c.backend;
  d->info = c.info;
  const slim_status status = d->backend->open(d, c.index);
  if (status != SLIM_OK) {
    slim_error_set(error, status, "device '%s': %s", selector, d->error.text);
    free(d);
    return status;
  }
  *device = d;
  return SLIM_OK;
}

void slim_device_close(slim_device *device)
{
  if (device) {
    device->backend->close(device);
    free(device);
  }
}

const slim_device_info *slim_device_get_info(const slim_device *device)
{
  return &device->info;
}
