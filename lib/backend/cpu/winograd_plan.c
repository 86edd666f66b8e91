/* The plan of a convolution by Winograd's transforms: which schedule, see winograd.c, and how it is cut. */
#include "backend/cpu/winograd_transform.h"

#define MANY_REGISTERS (TILE_ROWS > 6) /* of vectors: 32 */
#define FUSED_TILES (2 * TILE_ROWS * (MANY_REGISTERS ? 1 : 2))
#define FUSED_TILES_FAR 98 /* measured, where the weights' points are read from a distant cache for each block */
#define STAGED_TILES 140
#define FUSED_WEIGHTS (96 * 96) /* the most that each worker transforms for itself */
#define FUSED_WEIGHTS_MANY (192 * 192) /* the same, of many tiles where the second-level cache is large */
#define MANY_TILES (2 * STAGED_TILES)
#define FUSED_WEIGHTS_FEW 2047  /* the same, measured, where there are fewer tiles than half the taps */
/* Of one image, points are kept of so many weights at least, for so many tiles. Measured: of fewer tiles they are waited
 * for longer than it takes to make them. For the little that more images gain it is too much memory. */
#define KEPT_WEIGHTS (64 * 64)
#define KEPT_TILES 32
#define KEPT_FUSED_CHANNELS 256 /* the most in the fused schedule */
/* Channels whose weights are transformed at once in the staged schedule. Tiles of few rows gain more by greater depth. */
#define K_STAGED (MANY_REGISTERS ? WINOGRAD_K : 2 * WINOGRAD_K)
#define K_FEW 32 /* of four tiles, if the nearest cache holds their taps, which are read for each row of points */
#define K_ROWS 16 /* the same, of all rows in turn */
#define OWN_INPUTS_WORKERS 4 /* at most; in the staged schedule */
#define FAR_TAPS 2 /* times all second-level caches: larger weights, or points of them, come from memory in each run */
#define FAR_TAPS_TILES 12 /* measured: to transform those takes as long as so many tiles' products with them */
#define STAGED_ROW 6 /* points of a row of them */

/* Measured: points that come from memory in each run are waited for longer, too, than it takes to make them where the
 * second-level cache holds all transformed inputs, which then meet one panel after another. */
static bool waits_for_points(const winograd *w, const slim_cpu_step *step)
{
  const size_t caches = (size_t)slim_threads_count(step->device->threads) * step->device->caches.second;
  const size_t channel = (size_t)w->points * (size_t)w->c * sizeof(float);
  return channel * (size_t)w->oc > FAR_TAPS * caches && channel * (size_t)w->tiles <= step->device->caches.second;
}

static bool keeps_points(const winograd *w, const slim_cpu_step *step, const slim_view *weights)
{
  return weights && weights->version && !halves_of(weights) && w->fold.side == 1 && w->n == 1 &&
         w->tiles >= KEPT_TILES && (size_t)w->c * (size_t)w->oc >= KEPT_WEIGHTS && !waits_for_points(w, step);
}

/* Weights, at most, that each worker transforms for itself. */
static size_t fused_weights(const winograd *w, const slim_caches *caches)
{
  if (2 * w->tiles < w->kernel * w->kernel) {
    return FUSED_WEIGHTS_FEW;
  }
  return w->tiles > MANY_TILES && caches->second >= SLIM_LARGE_CACHE ? FUSED_WEIGHTS_MANY : FUSED_WEIGHTS;
}

/* Tiles of a block in the fused schedule, at most. */
static int fused_tiles(const winograd *w, const slim_caches *caches)
{
  const size_t points = (size_t)w->points * (size_t)w->c * (size_t)w->oc * sizeof(float);
  const bool far = w->points_kept && caches->second >= SLIM_LARGE_CACHE && points > 2 * caches->second;
  return far ? FUSED_TILES_FAR : FUSED_TILES;
}

/* Columns of a panel that are multiplied at once in the staged schedule: a row of their points fits the nearest cache. */
static int staged_columns(const slim_caches *caches)
{
  const size_t row = (size_t)(STAGED_ROW * K_STAGED * TILE_COLUMNS) * sizeof(float);
  return row <= caches->nearest ? TILE_COLUMNS : VL;
}

/* Half of the second-level cache may hold them; more workers gain more by sharing the work. */
static bool own_inputs(const winograd *w, const slim_cpu_step *step)
{
  return !w->staged || (w->parts == 1 && slim_threads_count(step->device->threads) <= OWN_INPUTS_WORKERS &&
                        winograd_inputs_floats(w) * sizeof(float) <= step->device->caches.second / 2);
}

/* Of so few tiles that a point's products are one tile: all channels of a row of points before the next row? So the
 * nearest cache holds the row's transformed weights and its products; deeper, it would not even hold the weights. */
static bool by_rows(const winograd *w, const slim_caches *caches)
{
  const int each = w->size + w->kernel * w->kernel; /* points and taps */
  const size_t shallow = (size_t)((each * K_ROWS + w->size * w->tiles) * TILE_COLUMNS) * sizeof(float);
  const size_t deep = (size_t)(each * K_STAGED * TILE_COLUMNS) * sizeof(float);
  return w->staged && !w->points_kept && !w->few && w->tiles <= TILE_ROWS && shallow <= caches->nearest &&
         deep > caches->nearest;
}

static int staged_depth(const winograd *w, const slim_caches *caches)
{
  const size_t taps = (size_t)(w->kernel * w->kernel * K_FEW * TILE_COLUMNS) * sizeof(float);
  return w->by_rows ? K_ROWS : w->few && taps <= caches->nearest ? K_FEW : K_STAGED;
}

/* Panels of weights transformed in advance that meet a point's inputs one after another, where the second-level cache
 * holds their products, but not all inputs. Each worker has as many groups as others. */
static int group_of(const winograd *w, const slim_cpu_step *step)
{
  const int panels = pieces(w->oc, TILE_COLUMNS) * w->parts, threads = slim_threads_count(step->device->threads);
  const int workers = w->staged ? threads : 1;
  const size_t room = step->device->caches.second / 2 / sizeof(float);
  int group = 1;
  while (w->points_kept && winograd_inputs_floats(w) > room && panels % (2 * group * workers) == 0 &&
         2 * (size_t)group * winograd_products_floats(w) <= room) {
    group *= 2;
  }
  return group;
}

/* Tiles whose products take as long as to transform the weights, where that decides. Turned ones take it either way. */
static int weights_tiles(const winograd *w, const slim_cpu_step *step)
{
  const size_t taps = (size_t)(w->kernel * w->kernel) * (size_t)w->c * (size_t)w->oc * sizeof(float);
  const size_t caches = (size_t)slim_threads_count(step->device->threads) * step->device->caches.second;
  return !w->transposed && taps > FAR_TAPS * caches ? FAR_TAPS_TILES : 0;
}

bool CPU_OP(winograd_plan)(winograd *w, const slim_cpu_step *step, const slim_view *packs,
                           const tile_epilogue *epilogue)
{
  const int panels = pieces(w->oc, TILE_COLUMNS), threads = slim_threads_count(step->device->threads);
  const size_t weights = (size_t)w->c * (size_t)w->oc; /* of a tap */
  if (epilogue->activation > SLIM_ACTIVATION_RELU6 || !CPU_OP(winograd_tiles)(w, weights_tiles(w, step))) {
    return false;
  }
  w->pools = w->ph > 0 && w->m % 2 == 0;
  w->points_kept = keeps_points(w, step, packs);
  w->staged = w->points_kept ? w->c > KEPT_FUSED_CHANNELS : weights > fused_weights(w, &step->device->caches);
  w->staged_columns = staged_columns(&step->device->caches);
  w->few = MANY_REGISTERS && w->size == 6 && w->tiles == WINOGRAD_FEW;
  w->by_rows = by_rows(w, &step->device->caches);
  w->staged_depth = staged_depth(w, &step->device->caches);
  w->makes = MANY_REGISTERS && w->size == 6 && w->staged_columns == TILE_COLUMNS && !w->few && !w->by_rows;
  w->blocks = pieces(w->tiles, w->staged ? STAGED_TILES : fused_tiles(w, &step->device->caches));
  if (!w->staged) {
    w->blocks = pieces(w->blocks, threads) * threads;
  }
  w->block = pieces(w->tiles, w->blocks);
  w->blocks = pieces(w->tiles, w->block);
  w->parts = 1;
  while (w->staged && panels * w->parts % threads != 0 && panels * w->parts < 4 * threads &&
         w->block >= 2 * w->parts * TILE_ROWS) {
    w->parts++;
  }
  w->group = group_of(w, step);
  w->own_inputs = own_inputs(w, step);
  return true;
}
