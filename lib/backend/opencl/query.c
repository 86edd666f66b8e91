/* Which devices there are and what they can do, clamped by SLIM_DEVICE_LIMITS. */
#include "backend/opencl/opencl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PLATFORMS 16
#define MAX_DEVICES 64
#define SMALL_GROUP ((size_t)256) /* of which kernels for GPUs make use (kernels/group.h) */
#define SMALL_LOCAL ((size_t)32 << 10)

/* "wg=64,local=16384,alloc=256M,images=0,class=mobile,width=16": 0 and "" mean not given. */
typedef struct limits {
  size_t work_group, local, allocation, width;
  bool no_images;
  char device_class[16];
} limits;

static size_t parse_size(const char *text)
{
  char *end = NULL;
  const unsigned long long number = strtoull(text, &end, 10);
  const unsigned shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
  return number > (SIZE_MAX >> shift) ? SIZE_MAX : (size_t)number << shift;
}

static void parse_limit(limits *l, const char *item)
{
  if (strncmp(item, "wg=", 3) == 0) {
    l->work_group = parse_size(item + 3);
  } else if (strncmp(item, "local=", 6) == 0) {
    l->local = parse_size(item + 6);
  } else if (strncmp(item, "alloc=", 6) == 0) {
    l->allocation = parse_size(item + 6);
  } else if (strncmp(item, "images=", 7) == 0) {
    l->no_images = parse_size(item + 7) == 0;
  } else if (strncmp(item, "width=", 6) == 0) {
    l->width = parse_size(item + 6);
  } else if (strncmp(item, "class=", 6) == 0) {
    snprintf(l->device_class, sizeof(l->device_class), "%s", item + 6);
  }
}

static limits limits_given(void)
{
  limits l = { 0 };
  char text[256];
  const char *given = getenv("SLIM_DEVICE_LIMITS");
  if (given == NULL || snprintf(text, sizeof(text), "%s", given) >= (int)sizeof(text)) {
    return l;
  }
  char *rest = NULL;
  for (char *item = strtok_r(text, ",", &rest); item != NULL; item = strtok_r(NULL, ",", &rest)) {
    parse_limit(&l, item);
  }
  return l;
}

static size_t clamp(uint64_t value, size_t limit)
{
  return limit != 0 && value > limit ? limit : (size_t)value;
}

bool slim_cl_find(const slim_cl_api *api, int index, cl_platform_id *platform, cl_device_id *id)
{
  cl_platform_id platforms[MAX_PLATFORMS];
  cl_uint num_platforms = 0;
  if (index < 0 || api->GetPlatformIDs(MAX_PLATFORMS, platforms, &num_platforms) != CL_SUCCESS) {
    return false;
  }
  cl_uint before = 0;
  for (cl_uint p = 0; p < num_platforms && p < MAX_PLATFORMS; p++) {
    cl_device_id devices[MAX_DEVICES];
    cl_uint count = 0;
    if (api->GetDeviceIDs(platforms[p], CL_DEVICE_TYPE_ALL, MAX_DEVICES, devices, &count) != CL_SUCCESS) {
      continue; /* a platform without devices */
    }
    count = count > MAX_DEVICES ? MAX_DEVICES : count;
    if ((cl_uint)index < before + count) {
      *platform = platforms[p];
      *id = devices[(cl_uint)index - before];
      return true;
    }
    before += count;
  }
  return false;
}

uint64_t slim_cl_query(const slim_cl_api *api, cl_device_id id, cl_device_info what)
{
  uint64_t value = 0;
  size_t got = 0;
  if (api->GetDeviceInfo(id, what, sizeof(value), &value, &got) != CL_SUCCESS) {
    return 0;
  }
  if (got == sizeof(cl_uint)) {
    cl_uint narrow = 0;
    memcpy(&narrow, &value, sizeof(narrow));
    return narrow;
  }
  return value;
}

/* A text of the device, cut to fit; "" when it cannot be had. */
static void query_text(const slim_cl_api *api, cl_device_id id, cl_device_info what, char *text, size_t size)
{
  char all[2048] = "";
  if (api->GetDeviceInfo(id, what, sizeof(all), all, NULL) != CL_SUCCESS) {
    all[0] = '\0';
  }
  all[sizeof(all) - 1] = '\0';
  snprintf(text, size, "%.*s", (int)size - 1, all + strspn(all, " "));
}

static bool has_extension(const slim_cl_api *api, cl_device_id id, const char *name)
{
  size_t size = 0;
  if (api->GetDeviceInfo(id, CL_DEVICE_EXTENSIONS, 0, NULL, &size) != CL_SUCCESS || size == 0) {
    return false;
  }
  char *all = calloc(size + 1, 1);
  if (all == NULL) {
    return false;
  }
  const bool found =
      api->GetDeviceInfo(id, CL_DEVICE_EXTENSIONS, size, all, NULL) == CL_SUCCESS && strstr(all, name) != NULL;
  free(all);
  return found;
}

/* By type and limits; never by vendor, which PoCL reports as Intel on an AMD processor. */
static slim_device_class classify(const slim_cl_api *api, cl_device_id id, const limits *l,
                                  const slim_device_info *info)
{
  if (l->device_class[0] != '\0') {
    return l->device_class[0] == 'c' ? SLIM_CLASS_CPU : l->device_class[0] == 'g' ? SLIM_CLASS_GPU : SLIM_CLASS_MOBILE;
  }
  const bool small = info->max_work_group < SMALL_GROUP || info->local_memory < SMALL_LOCAL;
  const bool clamped = l->work_group != 0 || l->local != 0;
  if ((slim_cl_query(api, id, CL_DEVICE_TYPE) & CL_DEVICE_TYPE_CPU) != 0) {
    /* Mesa's llvmpipe reports no native vectors: it runs work-items side by side, as a GPU does. */
    const bool vectors = slim_cl_query(api, id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT) >= 4;
    return small && clamped ? SLIM_CLASS_MOBILE : vectors ? SLIM_CLASS_CPU : SLIM_CLASS_GPU;
  }
  if (small || slim_cl_query(api, id, CL_DEVICE_LOCAL_MEM_TYPE) != CL_LOCAL) {
    return SLIM_CLASS_MOBILE;
  }
  return SLIM_CLASS_GPU;
}

int slim_cl_vector_width(const slim_cl_api *api, cl_device_id id, slim_device_class device_class)
{
  const limits l = limits_given();
  const uint64_t width = l.width != 0 ? l.width : slim_cl_query(api, id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT);
  return device_class != SLIM_CLASS_CPU ? 4 : width >= 16 ? 16 : 8;
}

static void describe_texts(const slim_cl_api *api, cl_platform_id platform, cl_device_id id, slim_device_info *info)
{
  char name[128] = "", driver[64] = "";
  query_text(api, id, CL_DEVICE_NAME, info->name, sizeof(info->name));
  query_text(api, id, CL_DEVICE_VENDOR, info->vendor, sizeof(info->vendor));
  query_text(api, id, CL_DEVICE_VERSION, info->version, sizeof(info->version));
  query_text(api, id, CL_DRIVER_VERSION, driver, sizeof(driver));
  if (api->GetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof(name), name, NULL) != CL_SUCCESS) {
    name[0] = '\0';
  }
  name[sizeof(name) - 1] = '\0';
  snprintf(info->driver, sizeof(info->driver), "%.63s %.60s", name, driver);
}

void slim_cl_describe(const slim_cl_api *api, cl_platform_id platform, cl_device_id id, int index,
                      slim_device_info *info)
{
  const limits l = limits_given();
  memset(info, 0, sizeof(*info));
  snprintf(info->selector, sizeof(info->selector), "opencl:%d", index);
  describe_texts(api, platform, id, info);
  info->compute_units = (int)slim_cl_query(api, id, CL_DEVICE_MAX_COMPUTE_UNITS);
  info->max_work_group = clamp(slim_cl_query(api, id, CL_DEVICE_MAX_WORK_GROUP_SIZE), l.work_group);
  info->local_memory = clamp(slim_cl_query(api, id, CL_DEVICE_LOCAL_MEM_SIZE), l.local);
  info->max_allocation = clamp(slim_cl_query(api, id, CL_DEVICE_MAX_MEM_ALLOC_SIZE), l.allocation);
  info->global_memory = (size_t)slim_cl_query(api, id, CL_DEVICE_GLOBAL_MEM_SIZE);
  info->is_gpu = (slim_cl_query(api, id, CL_DEVICE_TYPE) & CL_DEVICE_TYPE_GPU) != 0;
  info->unified_memory = slim_cl_query(api, id, CL_DEVICE_HOST_UNIFIED_MEMORY) != 0;
  info->images = slim_cl_query(api, id, CL_DEVICE_IMAGE_SUPPORT) != 0 && !l.no_images;
  info->fp16 = has_extension(api, id, "cl_khr_fp16");
  info->device_class = classify(api, id, &l, info);
}
