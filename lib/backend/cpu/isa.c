#include "backend/cpu/isa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if defined(__x86_64__) && !defined(SLIM_CPU_BASELINE_ONLY)
#define X86_SETS 1
#include <cpuid.h>
#else
#define X86_SETS 0
#endif

static bool always(void)
{
  return true;
}

#if X86_SETS
/* Not every compiler's __builtin_cpu_supports knows it. */
static bool has_f16c(void)
{
  unsigned eax, ebx, ecx, edx;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_F16C);
}

static bool has_avx2(void)
{
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
}

static bool has_avx512(void)
{
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
}
#endif

/* Best first. */
static const struct {
  const slim_cpu_table *table;
  bool (*runs)(void);
} sets[] = {
#if X86_SETS
  { &slim_cpu_table_avx512, has_avx512 },
  { &slim_cpu_table_avx2, has_avx2 },
#endif
  { &slim_cpu_table_baseline, always },
};
#define SETS (sizeof sets / sizeof *sets)

const slim_cpu_table *slim_cpu_choose(slim_error *error)
{
  const char *wanted = getenv("SLIM_ISA");
  for (size_t i = 0; i < SETS; i++) {
    const bool named = wanted && *wanted ? strcmp(wanted, sets[i].table->isa) == 0 : true;
    if (named && sets[i].runs()) {
      return sets[i].table;
    }
  }
  slim_error_set(error, SLIM_ERR_ARG, "SLIM_ISA is '%s': use baseline, avx2 or avx512, as far as this processor has it",
                 wanted);
  return NULL;
}

/* The value behind "key : " of the first processor in /proc/cpuinfo; fallback where there is none. */
static void cpuinfo(const char *key, const char *fallback, char *text, size_t size)
{
  FILE *file = fopen("/proc/cpuinfo", "r");
  char line[256];
  (void)snprintf(text, size, "%s", fallback);
  while (file && fgets(line, sizeof line, file)) {
    const char *colon = strchr(line, ':');
    if (colon && strncmp(line, key, strlen(key)) == 0) {
      (void)snprintf(text, size, "%.*s", (int)strcspn(colon + 1, "\n") - 1, colon + 2);
      break;
    }
  }
  if (file) {
    (void)fclose(file);
  }
}

static size_t memory_bytes(void)
{
  const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0 ? (size_t)pages * (size_t)size : 0;
}

void slim_cpu_describe(slim_device_info *info)
{
  const slim_cpu_table *table = slim_cpu_choose(NULL);
  const long cores = sysconf(_SC_NPROCESSORS_ONLN);
  (void)snprintf(info->selector, sizeof info->selector, "cpu");
  cpuinfo("model name", "CPU", info->name, sizeof info->name);
  cpuinfo("vendor_id", "", info->vendor, sizeof info->vendor);
  (void)snprintf(info->version, sizeof info->version, "SlimCL %s", SLIM_VERSION);
  (void)snprintf(info->driver, sizeof info->driver, "native %s", table ? table->isa : "");
  info->device_class = SLIM_CLASS_CPU;
  info->compute_units = cores > 0 ? (int)cores : 1;
  info->max_work_group = 1;
  info->max_allocation = memory_bytes();
  info->global_memory = memory_bytes();
  info->unified_memory = true;
}
