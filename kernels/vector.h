/* The vector that suits the device: SLIM_WIDTH floats. */
#ifndef SLIM_KERNEL_VECTOR_H
#define SLIM_KERNEL_VECTOR_H

#ifndef SLIM_WIDTH
#define SLIM_WIDTH 8
#endif
#define SLIM_PASTE2_(a_, b_) a_##b_
#define SLIM_PASTE_(a_, b_) SLIM_PASTE2_(a_, b_)
#define SLIM_FLOATW SLIM_PASTE_(float, SLIM_WIDTH)
#define SLIM_INTW SLIM_PASTE_(int, SLIM_WIDTH)
#if SLIM_WIDTH >= 8 && defined(__clang__)
/* PoCL moves the numbers of vload16 and vstore16 in four parts, of vload4 in two; these are one load or one store. */
#define SLIM_MOVES_(space_, type_, vector_)                                                                            \
  static inline vector_ __attribute__((overloadable)) slim_loadw(const size_t i, const space_ type_ *from)             \
  {                                                                                                                    \
    typedef vector_ anywhere __attribute__((aligned(4)));                                                              \
    return *(const space_ anywhere *)(from + i * SLIM_WIDTH);                                                          \
  }                                                                                                                    \
  static inline void __attribute__((overloadable)) slim_storew(const vector_ v, const size_t i, space_ type_ *to)      \
  {                                                                                                                    \
    typedef vector_ anywhere __attribute__((aligned(4)));                                                              \
    *(space_ anywhere *)(to + i * SLIM_WIDTH) = v;                                                                     \
  }
SLIM_MOVES_(__global, float, SLIM_FLOATW)
SLIM_MOVES_(__local, float, SLIM_FLOATW)
SLIM_MOVES_(__private, float, SLIM_FLOATW)
SLIM_MOVES_(__global, int, SLIM_INTW)
#define SLIM_LOADW slim_loadw
#define SLIM_STOREW slim_storew
static inline float4 slim_load4(const __global float *from)
{
  typedef float4 anywhere __attribute__((aligned(4)));
  return *(const __global anywhere *)from;
}
#define SLIM_LOAD4 slim_load4
#else
#define SLIM_LOADW SLIM_PASTE_(vload, SLIM_WIDTH)
#define SLIM_STOREW SLIM_PASTE_(vstore, SLIM_WIDTH)
#define SLIM_LOAD4(from_) vload4(0, (from_))
#endif
/* A vector that may lie outside of a tensor: then from is another, of which nothing is left. */
static inline SLIM_FLOATW slim_load_masked(__global const float *from, const SLIM_INTW mask)
{
  return SLIM_PASTE_(as_float, SLIM_WIDTH)(SLIM_PASTE_(as_int, SLIM_WIDTH)(SLIM_LOADW(0, from)) & mask);
}
/* Fetches a cache line that is read soon, or later, which the nearest cache need not hold, or written, on CPU-like
 * devices. */
#if SLIM_CLASS == 0 && defined(__clang__) && !defined(SLIM_NO_PREFETCH) /* which Oclgrind does not know */
#define SLIM_FETCH(from_) __builtin_prefetch(from_)
#define SLIM_FETCH_LATER(from_) __builtin_prefetch((from_), 0, 2)
#define SLIM_FETCH_WRITTEN(to_) __builtin_prefetch((to_), 1)
#else
#define SLIM_FETCH(from_)
#define SLIM_FETCH_LATER(from_)
#define SLIM_FETCH_WRITTEN(to_)
#endif
/* Stores a vector; streams: past the caches, whole, at a multiple of its size. */
static inline void slim_put(const SLIM_FLOATW v, __global float *to, const bool streams)
{
#if defined(__clang__)
  if (streams) {
    __builtin_nontemporal_store(v, (__global SLIM_FLOATW *)to);
    return;
  }
#endif
  SLIM_STOREW(v, 0, to);
}

/* Before a loop of few, constant turns: PoCL unrolls no other, and arrays that it indexes stay in memory. */
#if defined(__clang__) || defined(__NV_CL_C_VERSION)
#define SLIM_UNROLL _Pragma("unroll")
#else
#define SLIM_UNROLL
#endif
/* A function that is compiled once, where PoCL makes three copies of a kernel and of all that is inlined in it. It asks
 * for no ids of work-items or groups. */
#if SLIM_CLASS == 0
#define SLIM_APART static __attribute__((noinline))
#else
#define SLIM_APART static inline
#endif
#if SLIM_WIDTH == 16
#define SLIM_LANES (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#elif SLIM_WIDTH == 8
#define SLIM_LANES (int8)(0, 1, 2, 3, 4, 5, 6, 7)
#else
#define SLIM_LANES (int4)(0, 1, 2, 3)
#endif

#endif
