/* The vector that suits the device: SLIM_WIDTH floats. */
#ifndef SLIM_KERNEL_VECTOR_H
#define SLIM_KERNEL_VECTOR_H

#ifndef SLIM_WIDTH
#define SLIM_WIDTH 8
#endif
#define SLIM_PASTE2_(a_, b_) a_##b_
#define SLIM_PASTE_(a_, b_) SLIM_PASTE2_(a_, b_)
#define SLIM_FLOATW SLIM_PASTE_(float, SLIM_WIDTH)
#define SLIM_LOADW SLIM_PASTE_(vload, SLIM_WIDTH)
#define SLIM_STOREW SLIM_PASTE_(vstore, SLIM_WIDTH)
#define SLIM_INTW SLIM_PASTE_(int, SLIM_WIDTH)
#if SLIM_WIDTH == 16
#define SLIM_LANES (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#elif SLIM_WIDTH == 8
#define SLIM_LANES (int8)(0, 1, 2, 3, 4, 5, 6, 7)
#else
#define SLIM_LANES (int4)(0, 1, 2, 3)
#endif

#endif
