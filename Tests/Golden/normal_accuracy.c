/// Measures what the single precision of angles does to the noise of Sources/CKernels/noise_avx512.c: the largest error of all
/// 2^31 sines and cosines, and the mean relative error of the density at x, to first order, from one of each 61 angles.
///
/// Given an angle with cosine c the density of r·c at x is (r/c)·e^(−r²/2) with r = x/c, and a relative error e of c adds e·(r² − 2)
/// of it. Built and run by: clang -O3 -march=native -ISources/CKernels/include -x c Tests/Golden/normal_accuracy.c -lm && ./a.out
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../Sources/CKernels/noise_avx512.c"

enum { points = 8 };
static const double at[points] = {1e-6, 0.1, 0.5, 1, 2, 4, 6, 8};
static double density[points], added[points], worst;

static void measure(const uint32_t words[16], int weigh) {
  float cosines[16], sines[16];
  __m512 first, second;
  turns(_mm512_loadu_si512(words), &first, &second);
  _mm512_storeu_ps(cosines, first);
  _mm512_storeu_ps(sines, second);
  for (int j = 0; j < 16; j++) {
    double angle = (double)(int32_t)(words[j] << 2) * (M_PI / 4 * 0x1p-31);
    double exact[2] = {sin(angle), cos(angle)}, got[2] = {sines[j], cosines[j]};
    for (int k = 0; k < 2; k++) {
      if (exact[k] == 0) { continue; }
      double error = got[k] / exact[k] - 1, c = fabs(exact[k]);
      worst = fmax(worst, fabs(error));
      for (int i = 0; weigh && i < points; i++) {
        double r = at[i] / c, weight = r / c * exp(-r * r / 2);
        density[i] += weight;
        added[i] += weight * error * (r * r - 2);
      }
    }
  }
}

int main(void) {
  uint32_t words[16];
  for (uint64_t start = 0; start < 1u << 30; start += 16) {
    for (uint32_t j = 0; j < 16; j++) { words[j] = (uint32_t)start + j; }
    measure(words, 0);
  }
  printf("largest error of a sine or cosine: 2^%.2f\n", log2(worst));
  for (uint64_t start = 0; start + 16 * 61 <= 1u << 30; start += 16 * 61) {
    for (uint32_t j = 0; j < 16; j++) { words[j] = (uint32_t)start + 61 * j + (uint32_t)(rand() % 61); }
    measure(words, 1);
  }
  for (int i = 0; i < points; i++) { printf("density at %g: 2^%.2f\n", at[i], log2(fabs(added[i] / density[i]))); }
}
