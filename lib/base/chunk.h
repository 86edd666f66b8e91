/* Pieces of memory that share large chunks: they too lie on huge pages, see memory.h, where each alone is too small. */
#ifndef SLIM_BASE_CHUNK_H
#define SLIM_BASE_CHUNK_H

#include <stddef.h>

typedef struct slim_chunk slim_chunk;

/** Cuts a piece, at a multiple of 64, off the open chunk, or opens another. *open, NULL at first, must outlive the pieces;
 * one thread at a time. @return NULL without memory. */
void *slim_chunk_alloc(slim_chunk **open, size_t bytes);

/** The last piece of a chunk frees it. NULL is fine. */
void slim_chunk_free(void *piece);

#endif
