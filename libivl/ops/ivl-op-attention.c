/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Softmax attention with the running maximum and sum of each query kept while blocks of keys go by
 * ("online softmax", Milakov and Gimelshein 2018), so that the scores of one block are all that is
 * ever held. */
#include <math.h>
#include <string.h>

#include "ops/ivl-gemm.h"

#define MAX_BLOCK_QUERIES 256
#define MAX_BLOCK_KEYS IVL_TILE_DEPTH

/* Below this many queries each one is done by itself with dot products. */
#define MIN_GEMM_QUERIES 8

typedef struct
{
  IvlOps *ops;
  const float *q;
  gsize q_stride;
  const float *k;
  const float *v;
  gsize kv_stride;
  gsize n_q;
  gsize n_kv;
  gsize n_heads;
  const IvlOpKeys *each; /* (nullable): of each query instead of k, v and n_kv */
  gsize group; /* query heads per key/value head */
  gsize head_dim;
  gsize block_queries;
  gsize block_keys;
  gboolean causal;
  float scale;
  float *out;
} Attention;

/* How many keys query i sees. */
static inline gsize
count_visible (const Attention *job,
               gsize            i)
{
  return job->causal ? job->n_kv - job->n_q + i + 1 : job->n_kv;
}

/* One query of one head: items are [n_q, n_heads]. */
static void
attend_one (const Attention *job,
            gsize            i,
            gsize            h,
            float           *scores)
{
  const IvlKernels *k = &job->ops->kernels;
  const gsize d = job->head_dim, stride = job->kv_stride;
  const float *q = job->q + i * job->q_stride + h * d;
  const float *keys = (job->each ? job->each[i].k : job->k) + h / job->group * d;
  const float *values = (job->each ? job->each[i].v : job->v) + h / job->group * d;
  float *out = job->out + (i * job->n_heads + h) * d;
  const gsize n = job->each ? job->each[i].n : count_visible (job, i);
  float max = -INFINITY, sum = 0;

  memset (out, 0, d * sizeof (float));
  for (gsize first = 0; first < n; first += MAX_BLOCK_KEYS)
    {
      const gsize n_keys = MIN (MAX_BLOCK_KEYS, n - first);
      float new_max, fade;
      gsize j = 0;

      for (; j + 4 <= n_keys; j += 4)
        k->dot4 (scores + j, q, keys + (first + j) * stride, stride, d);
      for (; j < n_keys; j++)
        scores[j] = k->dot (q, keys + (first + j) * stride, d);
      k->scale (scores, job->scale, n_keys);

      new_max = MAX (max, k->max (scores, n_keys));
      fade = expf (max - new_max);
      max = new_max;
      sum = sum * fade + k->exp_sum (scores, max, n_keys);
      if (first > 0 && fade != 1)
        k->scale (out, fade, d);

      /* a key that is left over goes through the four-row kernel with three factors of zero */
      for (j = 0; j + 4 <= n_keys; j += 4)
        k->axpy4 (out, scores + j, values + (first + j) * stride, stride, d);
      for (; j < n_keys; j++)
        k->axpy4 (out, (float[4]) { scores[j] }, values + (first + j) * stride, 0, d);
    }
  k->scale (out, 1 / sum, d);
}

static void
do_single (gsize    begin,
           gsize    end,
           guint    thread,
           gpointer data)
{
  Attention *job = data;
  float *scores = ivl_ops_get_scratch (job->ops, thread, MAX_BLOCK_KEYS);

  if (scores == NULL)
    return;
  for (gsize item = begin; item < end; item++)
    attend_one (job, item / job->n_heads, item % job->n_heads, scores);
}

/* The scores of n_queries queries from first_q on against n_keys keys from first_key on become
 * weights; out, max and sum are brought up to date for the new maximum. */
static void
update_softmax (const Attention *job,
                gsize            first_q,
                gsize            n_queries,
                gsize            first_key,
                gsize            n_keys,
                float           *scores,
                float           *max,
                float           *sum,
                float           *out)
{
  const IvlKernels *k = &job->ops->kernels;

  for (gsize i = 0; i < n_queries; i++)
    {
      float *row = scores + i * n_keys;
      const gsize limit = count_visible (job, first_q + i);
      const gsize n_visible = limit <= first_key ? 0 : MIN (n_keys, limit - first_key);
      const float new_max = MAX (max[i], k->max (row, n_visible));
      const float fade = first_key == 0 ? 0 : expf (max[i] - new_max);

      max[i] = new_max;
      sum[i] = sum[i] * fade + k->exp_sum (row, new_max, n_visible);
      memset (row + n_visible, 0, (n_keys - n_visible) * sizeof (float));
      if (first_key > 0 && fade != 1)
        k->scale (out + i * job->n_heads * job->head_dim, fade, job->head_dim);
    }
}

/* A block of queries of one head: items are [blocks of queries, n_heads]. */
static void
attend_block (const Attention *job,
              gsize            first_q,
              gsize            h,
              float           *scratch)
{
  const gsize d = job->head_dim;
  const gsize n_queries = MIN (job->block_queries, job->n_q - first_q);
  const gsize n = count_visible (job, first_q + n_queries - 1);
  const float *q = job->q + first_q * job->q_stride + h * d;
  const float *keys = job->k + h / job->group * d, *values = job->v + h / job->group * d;
  float *out = job->out + (first_q * job->n_heads + h) * d;
  float *max = scratch, *sum = max + n_queries, *scaled = sum + n_queries,
        *scores = scaled + n_queries * d;

  scratch = scores + n_queries * job->block_keys;
  for (gsize i = 0; i < n_queries; i++)
    {
      max[i] = -INFINITY;
      sum[i] = 0;
      memcpy (scaled + i * d, q + i * job->q_stride, d * sizeof (float));
    }
  job->ops->kernels.scale (scaled, job->scale, n_queries * d);
  for (gsize first = 0; first < n; first += job->block_keys)
    {
      const gsize n_keys = MIN (job->block_keys, n - first);

      ivl_gemm_multiply_nt (job->ops, n_queries, n_keys, d, scaled, d,
                            keys + first * job->kv_stride, job->kv_stride, scores, n_keys, scratch);
      update_softmax (job, first_q, n_queries, first, n_keys, scores, max, sum, out);
      ivl_gemm_multiply_nn (job->ops, n_queries, d, n_keys, scores, n_keys,
                            values + first * job->kv_stride, job->kv_stride, first > 0, out,
                            job->n_heads * d, scratch);
    }
  for (gsize i = 0; i < n_queries; i++)
    job->ops->kernels.scale (out + i * job->n_heads * d, 1 / sum[i], d);
}

static void
do_blocks (gsize    begin,
           gsize    end,
           guint    thread,
           gpointer data)
{
  Attention *job = data;
  const gsize size = job->block_queries * (job->block_keys + job->head_dim + 2);
  const gsize gemm_size =
      MAX (ivl_gemm_get_scratch_size (job->ops, job->block_keys, job->head_dim),
           ivl_gemm_get_scratch_size (job->ops, job->head_dim, job->block_keys));
  float *scratch = ivl_ops_get_scratch (job->ops, thread, size + gemm_size);

  if (scratch == NULL)
    return;
  for (gsize item = begin; item < end; item++)
    attend_block (job, item / job->n_heads * job->block_queries, item % job->n_heads, scratch);
}

/* The size of equal blocks of at most max. */
static gsize
choose_block (gsize n,
              gsize max)
{
  const gsize n_blocks = (n + max - 1) / max;

  return (n + n_blocks - 1) / n_blocks;
}

void
ivl_op_attention (IvlOps      *ops,
                  const float *q,
                  gsize        q_stride,
                  const float *k,
                  const float *v,
                  gsize        kv_stride,
                  gsize        n_q,
                  gsize        n_kv,
                  gsize        n_heads,
                  gsize        n_kv_heads,
                  gsize        head_dim,
                  gboolean     causal,
                  float       *out)
{
  Attention job = {
    .ops = ops, .q = q, .q_stride = q_stride, .k = k, .v = v, .kv_stride = kv_stride,
    .n_q = n_q, .n_kv = n_kv, .n_heads = n_heads,
  };

  g_return_if_fail (n_kv_heads > 0 && n_heads > 0 && n_heads % n_kv_heads == 0);
  g_return_if_fail (head_dim > 0 && n_kv > 0 && (!causal || n_kv >= n_q));
  g_return_if_fail (q_stride >= n_heads * head_dim && kv_stride >= n_kv_heads * head_dim);

  job.group = n_heads / n_kv_heads;
  job.head_dim = head_dim;
  job.causal = causal;
  job.scale = (float) (1 / sqrt (head_dim));
  job.out = out;
  if (n_q < MIN_GEMM_QUERIES)
    {
      ivl_pool_run (ops->pool, n_q * n_heads, MAX (1, IVL_OPS_GRAIN / (n_kv * head_dim)), do_single,
                    &job);
      return;
    }

  job.block_queries = choose_block (n_q, MAX_BLOCK_QUERIES);
  job.block_keys = choose_block (n_kv, MAX_BLOCK_KEYS);
  ivl_gemm_begin (ops);
  ivl_pool_run (ops->pool, (n_q + job.block_queries - 1) / job.block_queries * n_heads, 1,
                do_blocks, &job);
  ivl_gemm_end (ops);
}

void
ivl_op_attention_each (IvlOps          *ops,
                       const float     *q,
                       gsize            q_stride,
                       const IvlOpKeys *keys,
                       gsize            kv_stride,
                       gsize            n_q,
                       gsize            n_heads,
                       gsize            n_kv_heads,
                       gsize            head_dim,
                       float           *out)
{
  Attention job = {
    .ops = ops, .q = q, .q_stride = q_stride, .kv_stride = kv_stride, .n_q = n_q,
    .n_heads = n_heads, .each = keys, .head_dim = head_dim, .out = out,
  };
  gsize n_keys = 0;

  g_return_if_fail (n_kv_heads > 0 && n_heads > 0 && n_heads % n_kv_heads == 0);
  g_return_if_fail (head_dim > 0 && kv_stride >= n_kv_heads * head_dim);

  job.group = n_heads / n_kv_heads;
  job.scale = (float) (1 / sqrt (head_dim));
  for (gsize i = 0; i < n_q; i++)
    n_keys = MAX (n_keys, keys[i].n);
  ivl_pool_run (ops->pool, n_q * n_heads, MAX (1, IVL_OPS_GRAIN / (MAX (1, n_keys) * head_dim)),
                do_single, &job);
}
