#include "base/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static slim_status failed(slim_error *error, const char *what, const char *path)
{
  const slim_status status = errno == ENOENT || errno == ENOTDIR ? SLIM_ERR_NOT_FOUND : SLIM_ERR_IO;
  return slim_error_set(error, status, "cannot %s '%s': %s", what, path, strerror(errno));
}

static slim_status map(int handle, const char *path, slim_span *bytes, slim_error *error)
{
  struct stat info;
  if (fstat(handle, &info) != 0) {
    return failed(error, "read", path);
  }
  if (!S_ISREG(info.st_mode)) {
    return slim_error_set(error, SLIM_ERR_IO, "cannot read '%s': not a regular file", path);
  }
  if (info.st_size == 0) {
    return SLIM_OK;
  }
  if ((uintmax_t)info.st_size > SIZE_MAX) {
    return slim_error_set(error, SLIM_ERR_IO, "cannot read '%s': too large for this machine", path);
  }
  void *data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, handle, 0);
  if (data == MAP_FAILED) {
    return failed(error, "map", path);
  }
  *bytes = (slim_span){ data, (size_t)info.st_size };
  return SLIM_OK;
}

slim_status slim_mapping_open(const char *path, slim_span *bytes, slim_error *error)
{
  *bytes = (slim_span){ 0 };
  const int handle = open(path, O_RDONLY);
  if (handle < 0) {
    return failed(error, "open", path);
  }
  const slim_status status = map(handle, path, bytes, error);
  close(handle);
  return status;
}

void slim_mapping_close(slim_span bytes)
{
  if (bytes.size > 0) {
    (void)munmap((void *)bytes.data, bytes.size);
  }
}
