/* What a file of kernels, compiled once per instruction set, is written with. */
#ifndef SLIM_CPU_VEC_H
#define SLIM_CPU_VEC_H

#include "backend/cpu/cpu.h"
#include "base/half.h"

#include <stdint.h>
#include <string.h>
#if defined(__SSE__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define CPU_JOIN2_(name_, isa_) slim_cpu_##name_##_##isa_
#define CPU_JOIN_(name_, isa_) CPU_JOIN2_(name_, isa_)
/* A name of this instruction set: CPU_OP(conv2d) is slim_cpu_conv2d_avx2. */
#define CPU_OP(name_) CPU_JOIN_(name_, SLIM_CPU_ISA)

#define CPU_TEXT2_(text_) #text_
#define CPU_TEXT_(text_) CPU_TEXT2_(text_)
#define CPU_ISA_TEXT CPU_TEXT_(SLIM_CPU_ISA)

#if defined(__AVX512F__)
#define VL 16 /* floats in a vector */
#elif defined(__AVX2__)
#define VL 8
#else
#define VL 4
#endif

/* A vector of floats at any address. */
typedef float vec __attribute__((vector_size(VL * 4), aligned(4), may_alias));
typedef int32_t ivec __attribute__((vector_size(VL * 4), aligned(4), may_alias));

/* CPU_EACH: before a loop whose turns do not meet in memory, though one may write over what it has read. */
#if defined(__clang__)
#define CPU_UNROLL _Pragma("unroll")
#define CPU_EACH
#else
#define CPU_UNROLL _Pragma("GCC unroll 16")
#define CPU_EACH _Pragma("GCC ivdep")
#endif
/* Keeps a pointer as it is: compilers would derive many others from it, one for each of its uses, and count them all up. */
#define CPU_KEEP(pointer_) __asm__("" : "+r"(pointer_))
#define CPU_INLINE static inline __attribute__((always_inline))

CPU_INLINE vec vec_load(const float *p)
{
  return *(const vec *)p;
}

/* A vector of halves. Without instructions for it: as slim_half_to_float, of finite numbers. */
CPU_INLINE vec vec_load_half(const uint16_t *p)
{
#if defined(__AVX512F__)
  return (vec)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
#elif defined(__F16C__)
  return (vec)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)p));
#elif defined(__aarch64__)
  return (vec)vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
#else
  const ivec bits = { p[0], p[1], p[2], p[3] }, sign = (bits & 0x8000) << 16, size = (bits & 0x7fff) << 13;
  return (vec)((ivec)((vec)size * 0x1p112f) | sign);
#endif
}

CPU_INLINE void vec_store(float *p, vec v)
{
  *(vec *)p = v;
}

/* Stores whole cache lines past the caches: p is a multiple of the vector's size. Other threads may read them after
 * vec_stream_end. */
CPU_INLINE void vec_stream(float *p, vec v)
{
#if defined(__AVX512F__)
  _mm512_stream_ps(p, (__m512)v);
#elif defined(__AVX__)
  _mm256_stream_ps(p, (__m256)v);
#elif defined(__SSE__)
  _mm_stream_ps(p, (__m128)v);
#else
  vec_store(p, v);
#endif
}

CPU_INLINE void vec_stream_end(void)
{
#if defined(__SSE__)
  _mm_sfence();
#endif
}

/* Do so many floats go past the caches: as many as would leave these before they are read, or, where vectors are lines and
 * cores have no cache in common, any? There a line that two cores have read takes 27 ns to be written again, 2 past the
 * caches (Zen 4). */
CPU_INLINE bool vec_streams(size_t floats, size_t many, bool apart)
{
  return floats >= many || (VL == 16 && apart);
}

/* v, but not below floor and not above top; NaN stays NaN. */
CPU_INLINE vec vec_clamp(vec v, vec floor, vec top)
{
#if defined(__AVX512F__)
  return (vec)_mm512_min_ps((__m512)top, _mm512_max_ps((__m512)floor, (__m512)v));
#elif defined(__AVX__)
  return (vec)_mm256_min_ps((__m256)top, _mm256_max_ps((__m256)floor, (__m256)v));
#elif defined(__SSE__)
  return (vec)_mm_min_ps((__m128)top, _mm_max_ps((__m128)floor, (__m128)v));
#else
  const ivec below = (ivec)(v < floor), above = (ivec)(v > top);
  return (vec)(((ivec)v & ~(below | above)) | ((ivec)floor & below) | ((ivec)top & above));
#endif
}

/* v where it is larger than best, or NaN: the first largest of some, the last NaN if there is one. */
CPU_INLINE vec vec_larger(vec best, vec v)
{
  const ivec better = (ivec)(v > best) | (ivec)(v != v);
  return (vec)(((ivec)v & better) | ((ivec)best & ~better));
}

/* Elements of a piece of an elementwise job; a multiple of any vector. */
#define CPU_GRAIN ((size_t)16384)

static inline size_t size_min(size_t a, size_t b)
{
  return a < b ? a : b;
}

static inline size_t elements_of(const slim_view *view)
{
  return slim_shape_elements(&view->shape);
}

/* What lies in the view as halves; NULL: it is no such view. A view without memory gives some address. */
static inline const uint16_t *halves_of(const slim_view *view)
{
  static const uint16_t none;
  return view->dtype != SLIM_FLOAT16 ? NULL : view->host ? view->host : &none;
}

/* Copies all of from to to unless they are the same memory or to is not wanted. */
static inline void view_copy(const slim_view *to, const slim_view *from)
{
  if (to->host && to->host != from->host) {
    memcpy(to->host, from->host, elements_of(from) * slim_dtype_size(from->dtype));
  }
}

/* x as [outer][c][inner]: channels last (inner 1) or, with nchw, in dimension 1. */
typedef struct channels {
  size_t outer, c, inner;
} channels;

static inline channels channels_of(const slim_shape *shape, int nchw)
{
  const int axis = nchw ? 1 : shape->rank - 1;
  channels ch = { 1, (size_t)shape->dim[axis], 1 };
  for (int i = 0; i < shape->rank; i++) {
    if (i != axis) {
      *(i < axis ? &ch.outer : &ch.inner) *= (size_t)shape->dim[i];
    }
  }
  return ch;
}

#endif
