/* The machine's peak: independent chains of multiply-adds in registers, on every unit at once. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "bench.h"

enum {
  CHAINS = 12,     /* more than begin while one multiply-add takes its time, few enough for registers */
  LOOPS = 1000000, /* 10 milliseconds */
  REPEATS = 7,     /* the best of them counts: others may be on the machine */
  MOST_UNITS = 256
};

/* Defines a function that runs LOOPS rounds of CHAINS multiply-adds; what it returns keeps them from being left out. */
#define PEAK_LOOP(name_, target_, vector_, broadcast_, multiply_add_)                                                  \
  target_ static float name_(float seed)                                                                               \
  {                                                                                                                    \
    vector_ sum[CHAINS];                                                                                               \
    const vector_ a = broadcast_(1 - seed), b = broadcast_(seed);                                                      \
    float lanes[CHAINS * sizeof(vector_) / sizeof(float)];                                                             \
    for (int k = 0; k < CHAINS; k++) {                                                                                 \
      sum[k] = broadcast_(seed * (float)k);                                                                            \
    }                                                                                                                  \
    for (int i = 0; i < LOOPS; i++) {                                                                                  \
      for (int k = 0; k < CHAINS; k++) {                                                                               \
        sum[k] = multiply_add_(sum[k], a, b);                                                                          \
      }                                                                                                                \
    }                                                                                                                  \
    memcpy(lanes, sum, sizeof sum);                                                                                    \
    for (size_t i = 1; i < sizeof lanes / sizeof *lanes; i++) {                                                        \
      lanes[0] += lanes[i];                                                                                            \
    }                                                                                                                  \
    return lanes[0];                                                                                                   \
  }

#if defined(__x86_64__)
#define SSE_MULTIPLY_ADD(x_, a_, b_) _mm_add_ps(_mm_mul_ps((x_), (a_)), (b_))
PEAK_LOOP(loop_sse2, , __m128, _mm_set1_ps, SSE_MULTIPLY_ADD)
PEAK_LOOP(loop_avx2, __attribute__((target("avx2,fma"))), __m256, _mm256_set1_ps, _mm256_fmadd_ps)
PEAK_LOOP(loop_avx512, __attribute__((target("avx512f"))), __m512, _mm512_set1_ps, _mm512_fmadd_ps)
#elif defined(__aarch64__)
#define NEON_MULTIPLY_ADD(x_, a_, b_) vfmaq_f32((b_), (x_), (a_))
PEAK_LOOP(loop_neon, , float32x4_t, vdupq_n_f32, NEON_MULTIPLY_ADD)
#else
#define SCALAR_MULTIPLY_ADD(x_, a_, b_) ((x_) * (a_) + (b_))
PEAK_LOOP(loop_scalar, , float, , SCALAR_MULTIPLY_ADD)
#endif

typedef struct isa_loop {
  const char *name;
  float (*fn)(float seed);
  int lanes;
  bool usable;
} isa_loop;

static size_t list_loops(isa_loop loops[3])
{
#if defined(__x86_64__)
  loops[0] = (isa_loop){ "sse2", loop_sse2, 4, true };
  loops[1] = (isa_loop){ "avx2", loop_avx2, 8, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") };
  loops[2] = (isa_loop){ "avx512", loop_avx512, 16, __builtin_cpu_supports("avx512f") };
  return 3;
#elif defined(__aarch64__)
  loops[0] = (isa_loop){ "neon", loop_neon, 4, true };
  return 1;
#else
  loops[0] = (isa_loop){ "scalar", loop_scalar, 1, true };
  return 1;
#endif
}

/* A unit of the device at work. */
typedef struct unit {
  pthread_t thread;
  const isa_loop *loop;
  double gflops;
} unit;

static void *run_unit(void *argument)
{
  unit *u = argument;
  volatile float kept = 0;
  for (int i = 0; i < REPEATS; i++) {
    const double start = bench_now_ms();
    kept = u->loop->fn(1e-6f);
    const double gflops = 2e-6 * u->loop->lanes * CHAINS * LOOPS / (bench_now_ms() - start);
    u->gflops = gflops > u->gflops ? gflops : u->gflops;
  }
  (void)kept;
  return NULL;
}

static double run_units(const isa_loop *loop, int count)
{
  unit units[MOST_UNITS] = { { .loop = loop } };
  int threads = 1; /* the caller is the first */
  for (; threads < count; threads++) {
    units[threads] = (unit){ .loop = loop };
    if (pthread_create(&units[threads].thread, NULL, run_unit, &units[threads]) != 0) {
      break;
    }
  }
  (void)run_unit(&units[0]);
  double sum = units[0].gflops;
  for (int i = 1; i < threads; i++) {
    (void)pthread_join(units[i].thread, NULL);
    sum += units[i].gflops;
  }
  return sum;
}

double bench_peak_gflops(const slim_device_info *info, const char **isa)
{
  isa_loop loops[3];
  const size_t count = list_loops(loops);
  const int units = info->compute_units < 1 ? 1 : info->compute_units > MOST_UNITS ? MOST_UNITS : info->compute_units;
  double best = 0;
  *isa = "";
  for (size_t i = 0; i < count && !info->is_gpu; i++) {
    const double gflops = loops[i].usable ? run_units(&loops[i], units) : 0;
    if (gflops > best) {
      best = gflops;
      *isa = loops[i].name;
    }
  }
  return best;
}
