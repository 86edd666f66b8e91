/* Programs: built at first use from the embedded sources or from the disk cache, and kept. */
#include "backend/opencl/cache.h"
#include "backend/opencl/opencl.h"
#include "backend/opencl/source.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/rng.h"

#define LOG_MOST (1u << 20)
#define BINARY_MOST ((size_t)256 << 20)
#define PROGRAM_KEY 16u /* bytes of a kernel's cache entry: the key of a program's */

/* What a binary depends on: device, driver, options and source. */
static void make_key(const slim_device *device, const char *kind, const slim_kernel_source *s, uint64_t key[2])
{
  const slim_device_info *info = &device->info;
  const char *texts[] = { info->name, info->vendor, info->version, info->driver, slim_cl_of(device)->options,
                          kind,       s->name,      s->text };
  const size_t count = sizeof(texts) / sizeof(texts[0]);
  uint64_t size = 0;
  uint32_t crc = 0;
  key[0] = 0;
  for (size_t i = 0; i < count; i++) {
    const size_t bytes = i + 1 < count ? strlen(texts[i]) + 1 : s->size;
    key[0] = key[0] * 31 + slim_hash_words(texts[i], bytes);
    crc = slim_crc32c(crc, texts[i], bytes);
    size += bytes;
  }
  key[1] = size << 32 | crc;
}

/* The end of a build log from its first error on, in one line. */
static void build_log(slim_device *device, cl_program program, char *text, size_t size)
{
  const slim_cl *cl = slim_cl_of(device);
  size_t length = 0;
  snprintf(text, size, "no build log");
  cl->api->GetProgramBuildInfo(program, cl->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &length);
  char *log = length > 0 && length < LOG_MOST ? calloc(length + 1, 1) : NULL;
  if (log != NULL &&
      cl->api->GetProgramBuildInfo(program, cl->id, CL_PROGRAM_BUILD_LOG, length, log, NULL) == CL_SUCCESS) {
    const char *first = strstr(log, "error");
    const char *start = first == NULL ? log : first;
    while (start > log && start[-1] != '\n') {
      start--;
    }
    snprintf(text, size, "%.*s", (int)size - 1, start);
  }
  free(log);
  for (char *p = text; *p != '\0'; p++) {
    if (*p == '\n') {
      *p = ' ';
    }
  }
}

static slim_status build_source(slim_device *device, const slim_kernel_source *s, cl_program *program)
{
  const slim_cl *cl = slim_cl_of(device);
  const char *text = s->text;
  cl_int code = CL_SUCCESS;
  *program = cl->api->CreateProgramWithSource(cl->context, 1, &text, &s->size, &code);
  if (code != CL_SUCCESS) {
    return slim_cl_check(device, code, "creating a program");
  }
  code = cl->api->BuildProgram(*program, 1, &cl->id, cl->options, NULL, NULL);
  if (code == CL_SUCCESS) {
    return SLIM_OK;
  }
  char log[SLIM_ERROR_TEXT / 2];
  build_log(device, *program, log, sizeof(log));
  cl->api->ReleaseProgram(*program);
  *program = NULL;
  return slim_cl_fail(device, SLIM_ERR_DEVICE, "%s '%s': building program '%s' failed with %s: %s",
                      device->info.selector, device->info.name, s->name, slim_cl_error_name(code), log);
}

/* Of a cache entry's data (the number of compiled kernels, their hashes, the binary) that number; 0: it is damaged. */
static uint32_t launched_in(slim_span data)
{
  const uint32_t count = data.size >= 4 ? slim_load_u32(data.data) : 0;
  return count <= SLIM_CL_LAUNCHED_MOST && data.size > 4 + (size_t)count * 8 ? count : 0;
}

/* Takes over the hashes. @return where the binary begins, 0 when the data is damaged. */
static size_t parse_launched(slim_cl_program *entry, slim_span data)
{
  const uint32_t count = launched_in(data);
  for (uint32_t i = 0; i < count; i++) {
    entry->launched[i] = slim_load_u64(data.data + 4 + (size_t)i * 8);
  }
  entry->num_launched = entry->num_saved = count;
  return count == 0 ? 0 : 4 + (size_t)count * 8;
}

static cl_program program_of_binary(const slim_cl *cl, const unsigned char *data, size_t bytes)
{
  cl_int status = CL_SUCCESS, code = CL_SUCCESS;
  cl_program program = cl->api->CreateProgramWithBinary(cl->context, 1, &cl->id, &bytes, &data, &status, &code);
  if (code != CL_SUCCESS || program == NULL) {
    return NULL;
  }
  if (status == CL_SUCCESS && cl->api->BuildProgram(program, 1, &cl->id, cl->options, NULL, NULL) == CL_SUCCESS) {
    return program;
  }
  cl->api->ReleaseProgram(program);
  return NULL;
}

/* @return NULL when there is no usable binary; never an error. */
static cl_program build_cached(slim_device *device, slim_cl_program *entry)
{
  slim_cl_cache_entry kept = { .key = { entry->key[0], entry->key[1] } };
  if (!slim_cl_cache_find(device, &kept)) {
    return NULL;
  }
  const size_t start = parse_launched(entry, (slim_span){ kept.data, kept.bytes });
  cl_program program = start == 0 ? NULL : program_of_binary(slim_cl_of(device), kept.data + start, kept.bytes - start);
  free(kept.data);
  if (program == NULL) {
    entry->num_launched = entry->num_saved = 0;
    entry->refused = true;
  }
  return program;
}

static slim_cl_program *program_by_key(const slim_cl *cl, const uint64_t key[2])
{
  slim_cl_program *found = cl->programs;
  while (found != NULL && (found->key[0] != key[0] || found->key[1] != key[1])) {
    found = found->next;
  }
  return found;
}

/* Loads the program of this key, or builds it where there is a source, and puts it into the list. */
static slim_status program_make(slim_device *device, const slim_kernel_source *source, const uint64_t key[2],
                                slim_cl_program **out)
{
  slim_cl *cl = slim_cl_of(device);
  slim_cl_program *entry = calloc(1, sizeof(*entry));
  *out = NULL;
  if (entry == NULL) {
    return slim_cl_fail(device, SLIM_ERR_MEMORY, "%s: out of memory", device->info.selector);
  }
  entry->key[0] = key[0];
  entry->key[1] = key[1];
  entry->program = build_cached(device, entry);
  const bool build = entry->program == NULL && source != NULL;
  const slim_status status = build ? build_source(device, source, &entry->program) : SLIM_OK;
  if (entry->program == NULL) {
    free(entry);
    return status;
  }
  entry->next = cl->programs;
  cl->programs = entry;
  *out = entry;
  return SLIM_OK;
}

/* The program of the source, built if need be. */
static slim_status program_find(slim_device *device, const slim_kernel_source *source, slim_cl_program **out)
{
  uint64_t key[2];
  make_key(device, "program", source, key);
  *out = program_by_key(slim_cl_of(device), key);
  return *out == NULL ? program_make(device, source, key, out) : SLIM_OK;
}

/* --- embedded kernels --------------------------------------------------------------------------------------------- */

/* The kernel's entry in the list, new if need be; NULL where no program holds it, or without memory. */
static slim_cl_kernel *kernel_of(slim_cl *cl, const char *name)
{
  slim_cl_kernel *found = cl->kernels;
  while (found != NULL && strcmp(found->name, name) != 0) {
    found = found->next;
  }
  if (found == NULL && slim_cl_source_of(name) != NULL && (found = calloc(1, sizeof(*found))) != NULL) {
    snprintf(found->name, sizeof(found->name), "%s", name);
    found->next = cl->kernels;
    cl->kernels = found;
  }
  return found;
}

const char *slim_cl_kernel_expect(slim_device *device, const char *name)
{
  slim_cl *cl = slim_cl_of(device);
  pthread_mutex_lock(&cl->lock);
  const slim_cl_kernel *kernel = kernel_of(cl, name);
  pthread_mutex_unlock(&cl->lock);
  return kernel == NULL ? NULL : kernel->name;
}

/* The key under which the cache file has that of the program that holds the kernel. */
static bool kernel_key(const slim_device *device, const char *name, uint64_t key[2])
{
  slim_bytes text = { 0 };
  const bool made = slim_cl_source_join(&name, 1, &text);
  const slim_kernel_source part = { name, (const char *)text.data, text.size - 1 };
  if (made) {
    make_key(device, "kernel", &part, key);
  }
  slim_bytes_free(&text);
  return made;
}

/* Finds the kernel's program in the cache file; it keeps NULL where there is none. */
static void kernel_load(slim_device *device, slim_cl_kernel *kernel)
{
  kernel->sought = true;
  slim_cl_cache_entry kept = { .key = { 0 } };
  if (!kernel_key(device, kernel->name, kept.key)) {
    return;
  }
  memcpy(kernel->key, kept.key, sizeof(kernel->key));
  if (slim_cl_cache_find(device, &kept) && kept.bytes == PROGRAM_KEY) {
    const uint64_t key[2] = { slim_load_u64(kept.data), slim_load_u64(kept.data + 8) };
    kernel->program = program_by_key(slim_cl_of(device), key);
    if (kernel->program == NULL) {
      (void)program_make(device, NULL, key, &kernel->program);
    }
  }
  free(kept.data);
}

/* Builds one program of these kernels. */
static slim_status kernels_build(slim_device *device, slim_cl_kernel *const *kernels, size_t count)
{
  slim_bytes text = { 0 };
  slim_cl_program *program = NULL;
  const char **names = calloc(count, sizeof(*names));
  for (size_t i = 0; i < count && names != NULL; i++) {
    names[i] = kernels[i]->name;
  }
  slim_status status = SLIM_OK;
  if (names != NULL && slim_cl_source_join(names, count, &text)) {
    const slim_kernel_source part = { count == 1 ? names[0] : "kernels", (const char *)text.data, text.size - 1 };
    status = program_find(device, &part, &program);
  } else {
    status = slim_cl_fail(device, SLIM_ERR_MEMORY, "%s: out of memory", device->info.selector);
  }
  for (size_t i = 0; i < count; i++) {
    kernels[i]->program = program;
  }
  slim_bytes_free(&text);
  free(names);
  return status;
}

/* One program of the kernel and of all that are expected and can be in it; of the kernel alone where that fails. */
static slim_status expected_build(slim_device *device, slim_cl_kernel *kernel)
{
  const slim_cl *cl = slim_cl_of(device);
  size_t count = 0;
  for (const slim_cl_kernel *k = cl->kernels; k != NULL; k = k->next) {
    count += k->program == NULL;
  }
  slim_cl_kernel **together = calloc(count, sizeof(*together));
  count = 0;
  for (slim_cl_kernel *k = cl->kernels; k != NULL && together != NULL; k = k->next) {
    if (k->program == NULL && slim_cl_source_alike(k->name, kernel->name)) {
      together[count++] = k;
    }
  }
  const slim_status status = count > 1 ? kernels_build(device, together, count) : SLIM_OK;
  free(together);
  return kernel->program != NULL ? status : kernels_build(device, &kernel, 1);
}

static slim_status embedded_find(slim_device *device, const char *name, slim_cl_program **out)
{
  slim_cl *cl = slim_cl_of(device);
  slim_cl_kernel *kernel = kernel_of(cl, name);
  if (kernel == NULL) {
    return slim_cl_source_of(name) == NULL
               ? slim_cl_fail(device, SLIM_ERR_STATE, "%s: no program holds the kernel %s", device->info.selector, name)
               : slim_cl_fail(device, SLIM_ERR_MEMORY, "%s: out of memory", device->info.selector);
  }
  for (slim_cl_kernel *k = cl->kernels; k != NULL && kernel->program == NULL; k = k->next) {
    if (!k->sought) {
      kernel_load(device, k);
    }
  }
  const slim_status status = kernel->program == NULL ? expected_build(device, kernel) : SLIM_OK;
  *out = kernel->program;
  return status;
}

/* The kernel of its program, source NULL: an embedded one. */
static slim_status kernel_create(slim_device *device, const slim_kernel_source *source, const char *name,
                                 cl_kernel *kernel, slim_cl_program **program)
{
  slim_cl *cl = slim_cl_of(device);
  *kernel = NULL;
  *program = NULL;
  pthread_mutex_lock(&cl->lock);
  const slim_status status = source == NULL ? embedded_find(device, name, program) : program_find(device, source, program);
  pthread_mutex_unlock(&cl->lock);
  if (status != SLIM_OK) {
    return status;
  }
  cl_int code = CL_SUCCESS;
  *kernel = cl->api->CreateKernel((*program)->program, name, &code);
  return code == CL_SUCCESS ? SLIM_OK
                            : slim_cl_fail(device, SLIM_ERR_DEVICE, "%s '%s': program '%s' has no kernel %s (%s)",
                                           device->info.selector, device->info.name,
                                           source == NULL ? name : source->name, name, slim_cl_error_name(code));
}

slim_status slim_cl_kernel_create(slim_device *device, const char *name, cl_kernel *kernel, slim_cl_program **program)
{
  return kernel_create(device, NULL, name, kernel, program);
}

slim_status slim_cl_kernel_create_of(slim_device *device, const slim_kernel_source *source, const char *name,
                                     cl_kernel *kernel, slim_cl_program **program)
{
  return kernel_create(device, source, name, kernel, program);
}

void slim_cl_program_launched(slim_device *device, slim_cl_program *program, const char *kernel, const size_t *local)
{
  slim_cl *cl = slim_cl_of(device);
  char text[192];
  snprintf(text, sizeof(text), "%s %zu %zu %zu", kernel, local[0], local[1], local[2]);
  const uint64_t hash = slim_hash(text);
  pthread_mutex_lock(&cl->lock);
  size_t i = 0;
  while (i < program->num_launched && program->launched[i] != hash) {
    i++;
  }
  if (i == program->num_launched && i < SLIM_CL_LAUNCHED_MOST) {
    program->launched[program->num_launched++] = hash;
    cl->compiles = true;
  }
  pthread_mutex_unlock(&cl->lock);
}

static atomic_bool exiting;

static void note_exit(void)
{
  atomic_store(&exiting, true);
}

/* What a compiler made meanwhile for itself goes at exit, but behind what is registered here now. */
void slim_cl_programs_compiled(slim_device *device)
{
  slim_cl *cl = slim_cl_of(device);
  pthread_mutex_lock(&cl->lock);
  if (cl->compiles) {
    cl->compiles = atexit(note_exit) != 0;
  }
  pthread_mutex_unlock(&cl->lock);
}

/* Adds the program's binary to data. @return false when the driver gives none. */
static bool take_binary(const slim_cl *cl, cl_program program, slim_bytes *data)
{
  size_t bytes = 0;
  if (cl->api->GetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof(bytes), &bytes, NULL) != CL_SUCCESS ||
      bytes == 0 || bytes > BINARY_MOST) {
    return false;
  }
  unsigned char *binary = slim_bytes_reserve(data, bytes);
  if (binary == NULL ||
      cl->api->GetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof(binary), &binary, NULL) != CL_SUCCESS) {
    return false;
  }
  data->size += bytes;
  return true;
}

void slim_cl_binaries_merge(slim_span old, slim_span own, slim_bytes *out)
{
  const slim_span kept = old.size > 0 && launched_in(old) >= launched_in(own) ? old : own;
  slim_bytes_append(out, kept.data, kept.size);
}

/* The cache entry of a program; data NULL when there is nothing to keep. */
static slim_cl_cache_entry entry_of(const slim_cl *cl, slim_cl_program *program)
{
  slim_bytes data = { 0 };
  slim_bytes_append_u32(&data, program->num_launched);
  for (uint32_t i = 0; i < program->num_launched; i++) {
    slim_bytes_append_u64(&data, program->launched[i]);
  }
  if (data.failed || !take_binary(cl, program->program, &data)) {
    slim_bytes_free(&data);
  }
  program->num_saved = program->num_launched;
  return (slim_cl_cache_entry){
    { program->key[0], program->key[1] }, data.data, data.size, program->refused ? NULL : slim_cl_binaries_merge
  };
}

/* That of a kernel: the key of its program; data NULL without memory. */
static slim_cl_cache_entry reference_of(const slim_cl_kernel *kernel)
{
  slim_bytes data = { 0 };
  slim_bytes_append_u64(&data, kernel->program->key[0]);
  slim_bytes_append_u64(&data, kernel->program->key[1]);
  if (data.failed) {
    slim_bytes_free(&data);
  }
  return (slim_cl_cache_entry){ { kernel->key[0], kernel->key[1] }, data.data, data.size, NULL };
}

static bool is_saved(const slim_cl_program *program)
{
  return program->num_launched == program->num_saved;
}

/* Entries of programs that are not saved, and of their kernels; entries has room. */
static size_t list_entries(slim_cl *cl, slim_cl_cache_entry *entries)
{
  size_t count = 0;
  for (const slim_cl_kernel *k = cl->kernels; k != NULL; k = k->next) {
    if (k->program != NULL && k->sought && !is_saved(k->program)) {
      entries[count] = reference_of(k);
      count += entries[count].data != NULL;
    }
  }
  for (slim_cl_program *p = cl->programs; p != NULL; p = p->next) {
    if (!is_saved(p)) {
      entries[count] = entry_of(cl, p);
      count += entries[count].data != NULL;
    }
  }
  return count;
}

void slim_cl_programs_save(slim_device *device)
{
  slim_cl *cl = slim_cl_of(device);
  size_t count = 0, most = 0, unsaved = 0;
  pthread_mutex_lock(&cl->lock);
  for (const slim_cl_program *p = atomic_load(&exiting) ? NULL : cl->programs; p != NULL; p = p->next) {
    unsaved += !is_saved(p);
    most++;
  }
  for (const slim_cl_kernel *k = cl->kernels; k != NULL; k = k->next) {
    most++;
  }
  slim_cl_cache_entry *entries = unsaved > 0 ? calloc(most, sizeof(*entries)) : NULL;
  if (entries != NULL) {
    count = list_entries(cl, entries);
  }
  pthread_mutex_unlock(&cl->lock);
  if (count > 0) {
    (void)slim_cl_cache_store(device, entries, count); /* goes on without */
  }
  for (size_t i = 0; i < count; i++) {
    free(entries[i].data);
  }
  free(entries);
}

void slim_cl_programs_free(slim_device *device)
{
  slim_cl *cl = slim_cl_of(device);
  while (cl->programs != NULL) {
    slim_cl_program *next = cl->programs->next;
    cl->api->ReleaseProgram(cl->programs->program);
    free(cl->programs);
    cl->programs = next;
  }
  while (cl->kernels != NULL) {
    slim_cl_kernel *next = cl->kernels->next;
    free(cl->kernels);
    cl->kernels = next;
  }
}
