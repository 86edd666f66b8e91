/* Where the data of placeholders comes from: feeds and attached queues. */
#include "session/session.h"

#include <stdlib.h>

static slim_status fail(slim_session *session, slim_status status, const slim_tensor *tensor, const char *text)
{
  return slim_error_set(&session->error, status, "session: placeholder '%s' %s", tensor->node->name, text);
}

static bool open_batch(const slim_tensor *tensor)
{
  return tensor->shape.rank > 0 && tensor->shape.dim[0] < 0;
}

/* --- attached queues ---------------------------------------------------------------------------------------------- */

static slim_source *source_of(slim_session *session, slim_queue *queue)
{
  slim_source *source = session->sources;
  while (source && source->queue != queue) {
    source = source->next;
  }
  if (!source && (source = calloc(1, sizeof *source)) != NULL) {
    source->queue = queue;
    source->next = session->sources;
    session->sources = source;
  }
  return source;
}

static void detach(slim_session *session, const slim_tensor *tensor)
{
  for (slim_attachment **link = &session->attachments; *link; link = &(*link)->next) {
    if ((*link)->tensor == tensor) {
      slim_attachment *gone = *link;
      *link = gone->next;
      free(gone);
      return;
    }
  }
}

/* Gives back the batches of queues that no placeholder is attached to any more. */
static void drop_unused(slim_session *session)
{
  for (slim_source **link = &session->sources; *link;) {
    slim_source *source = *link;
    const slim_attachment *a = session->attachments;
    while (a && a->source != source) {
      a = a->next;
    }
    if (a) {
      link = &source->next;
    } else {
      slim_queue_give_back(source->queue, source->batch);
      *link = source->next;
      free(source);
    }
  }
}

void slim_session_drop_sources(slim_session *session)
{
  while (session->attachments) {
    detach(session, session->attachments->tensor);
  }
  drop_unused(session);
}

static slim_status check_item(slim_session *session, const slim_tensor *tensor, const slim_queue *queue, int item)
{
  const slim_batch_item *given = slim_queue_item(queue, item);
  if (!given) {
    return slim_error_set(&session->error, SLIM_ERR_ARG,
                          "session: placeholder '%s': the queue has %d items, no item %d", tensor->node->name,
                          slim_queue_num_items(queue), item);
  }
  if (given->dtype != tensor->dtype) {
    return slim_error_set(&session->error, SLIM_ERR_TYPE,
                          "session: placeholder '%s' is %s, item '%s' of the queue is %s", tensor->node->name,
                          slim_dtype_name(tensor->dtype), given->name, slim_dtype_name(given->dtype));
  }
  slim_shape wanted = tensor->shape;
  if (wanted.rank > 0) {
    wanted.dim[0] = given->shape.dim[0];
  }
  if (!slim_shape_equal(&wanted, &given->shape)) {
    char a[64], b[64];
    return slim_error_set(&session->error, SLIM_ERR_SHAPE,
                          "session: placeholder '%s' has shape %s, item '%s' of the queue %s", tensor->node->name,
                          slim_shape_format(&tensor->shape, a, sizeof a), given->name,
                          slim_shape_format(&given->shape, b, sizeof b));
  }
  return SLIM_OK;
}

static slim_status attach(slim_session *session, const slim_tensor *tensor, slim_queue *queue, int item)
{
  if (!tensor || tensor->node->graph != session->graph || tensor->node->op != &slim_op_placeholder) {
    return slim_error_set(&session->error, SLIM_ERR_ARG, "session: '%s' is no placeholder of this session's graph",
                          tensor ? tensor->name : "(null)");
  }
  const slim_status status = queue ? check_item(session, tensor, queue, item) : SLIM_OK;
  if (status != SLIM_OK) {
    return status;
  }
  detach(session, tensor);
  if (queue) {
    slim_attachment *a = calloc(1, sizeof *a);
    slim_source *source = a ? source_of(session, queue) : NULL;
    if (!source) {
      free(a);
      return fail(session, SLIM_ERR_MEMORY, tensor, "cannot be attached: no memory");
    }
    *a = (slim_attachment){ tensor, source, item, session->attachments };
    session->attachments = a;
  }
  drop_unused(session);
  return SLIM_OK;
}

slim_status slim_session_attach(slim_session *session, slim_tensor *tensor, slim_queue *queue, int item)
{
  if (!session) {
    return SLIM_ERR_ARG;
  }
  slim_session_lock(session);
  const slim_status status = attach(session, tensor, queue, item);
  slim_session_unlock(session);
  return status;
}

/* The batch of this run. */
static slim_status take_batch(slim_session *session, slim_source *source, bool take)
{
  if (!take || source->taken_at == session->runs) {
    return source->batch ? SLIM_OK : SLIM_ERR_END;
  }
  slim_queue_give_back(source->queue, source->batch);
  source->batch = NULL;
  source->taken_at = session->runs;
  return slim_queue_take(source->queue, &source->batch, &session->error);
}

/* --- feeds -------------------------------------------------------------------------------------------------------- */

static slim_status check_feeds(slim_session *session, const slim_feed *feeds, size_t num_feeds)
{
  for (size_t i = 0; i < num_feeds; i++) {
    const slim_tensor *tensor = feeds[i].tensor;
    if (!tensor || tensor->node->graph != session->graph || tensor->node->op != &slim_op_placeholder) {
      return slim_error_set(&session->error, SLIM_ERR_ARG, "session: feed %zu ('%s') is no placeholder of this graph",
                            i, tensor ? tensor->name : "(null)");
    }
    if (!feeds[i].data) {
      return fail(session, SLIM_ERR_ARG, tensor, "is fed without data");
    }
    if (open_batch(tensor) && feeds[i].batch < 1) {
      return slim_error_set(&session->error, SLIM_ERR_ARG,
                            "session: placeholder '%s' is fed with batch %d, not 1 or more", tensor->node->name,
                            feeds[i].batch);
    }
  }
  return SLIM_OK;
}

typedef struct bound {
  const void *data;
  int batch;
} bound;

static slim_status take_item(slim_session *session, const slim_attachment *a, bool take, bound *out)
{
  const slim_status status = take_batch(session, a->source, take);
  if (status == SLIM_OK) {
    *out = (bound){ a->source->batch->items[a->item].data, a->source->batch->size };
  }
  return status;
}

static slim_attachment *attachment_of(const slim_session *session, const slim_tensor *tensor)
{
  slim_attachment *a = session->attachments;
  while (a && a->tensor != tensor) {
    a = a->next;
  }
  return a;
}

static slim_status find_data(slim_session *session, const slim_tensor *tensor, const slim_feed *feeds, size_t num_feeds,
                             bool take, bound *out)
{
  for (size_t i = 0; i < num_feeds; i++) {
    if (feeds[i].tensor == tensor) {
      *out = (bound){ feeds[i].data, open_batch(tensor) ? feeds[i].batch : 0 };
      return SLIM_OK;
    }
  }
  const slim_attachment *attached = attachment_of(session, tensor);
  if (attached) {
    return take_item(session, attached, take, out);
  }
  const slim_source_attr *own = tensor->node->attr;
  if (!own->queue) {
    return fail(session, SLIM_ERR_ARG, tensor, "is neither fed nor attached to a queue");
  }
  const slim_status status = attach(session, tensor, own->queue, own->item);
  return status == SLIM_OK ? take_item(session, session->attachments, take, out) : status;
}

/* Compares the batch of one placeholder with what is known. */
static slim_status agree(slim_session *session, const slim_tensor *tensor, int given, int *batch,
                         const slim_tensor **first)
{
  if (!open_batch(tensor)) {
    return tensor->shape.rank == 0 || given <= 0 || given == tensor->shape.dim[0]
               ? SLIM_OK
               : slim_error_set(&session->error, SLIM_ERR_SHAPE,
                                "session: placeholder '%s' has %d rows, the data has %d", tensor->node->name,
                                tensor->shape.dim[0], given);
  }
  if (*first && given != *batch) {
    return slim_error_set(&session->error, SLIM_ERR_SHAPE,
                          "session: placeholder '%s' has a batch of %d, placeholder '%s' of %d", (*first)->node->name,
                          *batch, tensor->node->name, given);
  }
  *first = tensor;
  *batch = given;
  return SLIM_OK;
}

static slim_status room_for(slim_session *session, size_t count)
{
  if (count > session->data_room) {
    const void **grown = realloc(session->data, count * sizeof *grown);
    if (!grown) {
      return slim_error_set(&session->error, SLIM_ERR_MEMORY, "session: no memory for %zu feeds", count);
    }
    session->data = grown;
    session->data_room = count;
  }
  return SLIM_OK;
}

slim_status slim_session_bind_feeds(slim_session *session, const slim_program *program, const slim_feed *feeds,
                                    size_t num_feeds, bool take, int *batch)
{
  const slim_tensor *first = NULL;
  slim_status status = check_feeds(session, feeds, num_feeds);
  if (status == SLIM_OK) {
    status = room_for(session, program->num_placeholders);
  }
  *batch = 0;
  for (size_t i = 0; i < program->num_placeholders && status == SLIM_OK; i++) {
    const slim_tensor *tensor = &program->placeholders[i]->outputs[0];
    bound b = { NULL, 0 };
    if (open_batch(tensor) || (program->need[tensor->node->id] & SLIM_NEED_RUN)) {
      status = find_data(session, tensor, feeds, num_feeds, take, &b);
    }
    if (status == SLIM_OK) {
      status = agree(session, tensor, b.batch, batch, &first);
    }
    session->data[i] = b.data;
  }
  return status;
}

slim_queue *slim_session_queue(slim_session *session, size_t i)
{
  slim_queue *queue = NULL;
  if (session) {
    slim_session_lock(session);
    const slim_source *source = session->sources;
    for (; source && i > 0; i--) {
      source = source->next;
    }
    queue = source ? source->queue : NULL;
    slim_session_unlock(session);
  }
  return queue;
}

/* --- beginning again ---------------------------------------------------------------------------------------------- */

static slim_status restart_source(slim_session *session, const slim_tensor *tensor, bool *endless)
{
  const slim_attachment *attached = attachment_of(session, tensor);
  const slim_source_attr *own = tensor->node->attr;
  slim_queue *queue = attached ? attached->source->queue : own->queue;
  if (attached) {
    slim_queue_give_back(queue, attached->source->batch);
    attached->source->batch = NULL;
  }
  *endless = *endless || (queue && slim_queue_endless(queue));
  return queue ? slim_queue_restart(queue, &session->error) : SLIM_OK;
}

slim_status slim_session_restart_queues(slim_session *session, const slim_fetch *fetches, size_t num_fetches,
                                        bool *endless)
{
  bool unused;
  endless = endless ? endless : &unused;
  *endless = false;
  if (!session) {
    return SLIM_ERR_ARG;
  }
  slim_session_lock(session);
  const slim_program *program = slim_session_program(session, &session->programs, fetches, num_fetches);
  slim_status status = program ? SLIM_OK : session->error.status;
  for (size_t i = 0; program && i < program->num_placeholders && status == SLIM_OK; i++) {
    status = restart_source(session, &program->placeholders[i]->outputs[0], endless);
  }
  slim_session_unlock(session);
  return status;
}
