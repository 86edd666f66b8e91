/*
 * Sweeps over rows of vectors of 4 floats by groups of GPUs and small devices. A group has the rows of a piece and some
 * vectors of each: its work-items lie across side by side, a vector each, and go down the rows in steps.
 */
#ifndef SLIM_KERNEL_GROUP_H
#define SLIM_KERNEL_GROUP_H

#if SLIM_CLASS == 1
#define SLIM_GROUP 256
#else
#define SLIM_GROUP 64
#endif
#define SLIM_GROUPED __attribute__((reqd_work_group_size(SLIM_GROUP, 1, 1)))

/* Vectors of a tensor whose rows fill whole ones: it begins at a multiple of their size. */
#define SLIM_VECTORS(name_) ((__global float4 *)(name_))
#define SLIM_CONST_VECTORS(name_) ((__global const float4 *)(name_))

/* This work-item's: me, in its group; k, its vector of the wide ones of a row; its rows first, first + down, ... below
 * end. */
#define SLIM_SWEEP(c_, across_, length_, rows_)                                                                        \
  const int me = (int)get_local_id(0), wide = (c_) / 4, down = SLIM_GROUP / (across_);                                 \
  const int k = (int)get_group_id(0) * (across_) + me % (across_), begin = (int)get_group_id(1) * (length_);           \
  const int first = begin + me / (across_), end = min(begin + (length_), (rows_))

/* Merges what work-items have, half by half, until only the first least_ have something: KEEP_ puts an item's own into
 * local memory at me, MERGE_ takes in what lies there at me + rest. */
#define SLIM_GROUP_FOLD(least_, KEEP_, MERGE_)                                                                         \
  for (int rest = SLIM_GROUP / 2; rest >= (least_); rest /= 2) {                                                       \
    if (me >= rest && me < 2 * rest) {                                                                                 \
      KEEP_;                                                                                                           \
    }                                                                                                                  \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                                      \
    if (me < rest) {                                                                                                   \
      MERGE_;                                                                                                          \
    }                                                                                                                  \
  }

/* Adds up what work-items with the same vector have; the first of them get the sums. room: SLIM_GROUP vectors. */
static inline float4 slim_group_sum(float4 sum, __local float4 *room, const int me, const int across)
{
  SLIM_GROUP_FOLD(across, room[me] = sum, sum += room[me + rest])
  return sum;
}

/* What all of the group's work-items have, merged, for all of them. room: SLIM_GROUP numbers. */
#define SLIM_GROUP_MERGE_(name_, merge_)                                                                               \
  static inline float name_(float value, __local float *room)                                                          \
  {                                                                                                                    \
    const int me = (int)get_local_id(0);                                                                               \
    SLIM_GROUP_FOLD(1, room[me] = value, value = merge_(value, room[me + rest]))                                       \
    if (me == 0) {                                                                                                     \
      room[0] = value;                                                                                                 \
    }                                                                                                                  \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                                      \
    return room[0];                                                                                                    \
  }
#define SLIM_PLUS_(a_, b_) ((a_) + (b_))
SLIM_GROUP_MERGE_(slim_group_total, SLIM_PLUS_)
SLIM_GROUP_MERGE_(slim_group_most, fmax)

#endif
