/// Speed of the kernels on one core, beside the peak that this machine reaches in a loop of vpmullq and vpaddq alone.
/// Run by Scripts/bench-kernels.
#include "CKernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t *random_words(size_t n) {
  static uint64_t state = 88172645463325252ull;
  uint64_t *words = aligned_alloc(64, (n * 8 + 127) / 64 * 64);
  for (size_t i = 0; i < n; i++) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    words[i] = state;
  }
  return words;
}

#if defined(__x86_64__)
#include <immintrin.h>

/// Multiply-adds a second, twelve independent chains: 1e9 of them are 1 G.
__attribute__((target("avx512f,avx512dq"))) static double peak_once(void) {
  __m512i sums[12], x = _mm512_set1_epi64(12345), y = _mm512_set1_epi64(777);
  for (int i = 0; i < 12; i++) { sums[i] = _mm512_set1_epi64(i); }
  double start = now();
  for (long round = 0; round < 300000; round++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < 12; i++) {
      __m512i product;
      __asm__ volatile("vpmullq %1,%2,%0" : "=v"(product) : "v"(x), "v"(y));
      sums[i] = _mm512_add_epi64(sums[i], product);
    }
  }
  double seconds = now() - start;
  for (int i = 1; i < 12; i++) { sums[0] = _mm512_add_epi64(sums[0], sums[i]); }
  volatile long long sink = _mm512_reduce_add_epi64(sums[0]);
  (void)sink;
  return 12.0 * 300000 * 8 / seconds / 1e9;
}

static double peak(void) {
  if (!__builtin_cpu_supports("avx512dq")) { return 0; }
  double best = 0;
  for (int i = 0; i < 20; i++) {
    double once = peak_once();
    if (once > best) { best = once; }
  }
  return best;
}
#else
static double peak(void) { return 0; }
#endif

static double matmul(size_t m, size_t k, size_t n) {
  uint64_t *a = random_words(m * k), *b = random_words(k * n), *c = random_words(m * n);
  uint64_t *scratch = random_words(ck_ring64_matmul_scratch(m, k, n));
  double best = 1e9, end = now() + 0.5;
  long repeats = (long)(2e7 / (double)(m * k * n)) + 1;
  while (now() < end) {
    double start = now();
    for (long r = 0; r < repeats; r++) { ck_ring64_matmul(m, k, n, a, k, false, b, n, false, c, n, scratch); }
    double seconds = (now() - start) / (double)repeats;
    if (seconds < best) { best = seconds; }
  }
  free(a), free(b), free(c), free(scratch);
  return (double)(m * k * n) / best / 1e9;
}

static double prg(void) {
  if (!ck_aes_available()) { return 0; }
  ck_aes128_schedule schedule;
  uint8_t key[16] = {1};
  ck_aes128_expand(key, &schedule);
  uint64_t *out = random_words(1 << 17);
  double best = 1e9, end = now() + 0.3;
  while (now() < end) {
    double start = now();
    ck_aes128_ctr_fill(&schedule, 1, 2, out, 1 << 17);
    double seconds = now() - start;
    if (seconds < best) { best = seconds; }
  }
  free(out);
  return (double)(1 << 20) / best / 1e9;
}

static double bitslice(void) {
  size_t n = 100000;
  uint64_t *words = random_words(n), *planes = random_words(n + 4096);
  double best = 1e9, end = now() + 0.2;
  while (now() < end) {
    double start = now();
    ck_bitslice(n, 32, words, planes);
    double seconds = now() - start;
    if (seconds < best) { best = seconds; }
  }
  free(words), free(planes);
  return best * 1e6;
}

int main(void) {
  static const char *names[] = {"portable", "AVX2", "AVX-512"};
  static const size_t shapes[][3] = {
      {512, 512, 512}, {1024, 1024, 1024}, {128, 784, 128}, {1, 784, 128}, {32, 15, 64}};
  double top = peak();
  printf("vpmullq peak measured: %.1f G multiply-adds a second\n", top);
  for (int level = 2; level >= 0; level--) {
    ck_dispatch_limit((ck_level)level);
    if ((int)ck_dispatch_level() != level) { continue; }
    printf("%s\n", names[level]);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
      double speed = matmul(shapes[i][0], shapes[i][1], shapes[i][2]);
      printf("  matmul %zux%zux%zu: %.1f G/s", shapes[i][0], shapes[i][1], shapes[i][2], speed);
      printf(top > 0 ? " (%.0f %% of the peak)\n" : "\n", 100 * speed / top);
    }
    printf("  PRG, 1 MiB: %.1f GB/s\n", prg());
    printf("  bit slicing, 100k words, 32 planes: %.0f us\n", bitslice());
  }
}
