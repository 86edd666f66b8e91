#include "slim/base.h"

size_t slim_dtype_size(slim_dtype dtype)
{
  switch (dtype) {
  case SLIM_UINT8:
  case SLIM_BOOL:
    return 1;
  case SLIM_FLOAT16:
    return 2;
  case SLIM_FLOAT32:
  case SLIM_INT32:
    return 4;
  case SLIM_FLOAT64:
  case SLIM_INT64:
    return 8;
  default:
    return 0;
  }
}

const char *slim_dtype_name(slim_dtype dtype)
{
  switch (dtype) {
  case SLIM_FLOAT32:
    return "float32";
  case SLIM_FLOAT64:
    return "float64";
  case SLIM_INT32:
    return "int32";
  case SLIM_UINT8:
    return "uint8";
  case SLIM_STRING:
    return "string";
  case SLIM_INT64:
    return "int64";
  case SLIM_BOOL:
    return "bool";
  case SLIM_FLOAT16:
    return "float16";
  default:
    return "unknown";
  }
}
