/// The keystream by AES instructions: 32 blocks at a time with VAES, else 8.
#include "ck_prg.h"

#include "ck_memory.h"
#include "dispatch.h"

#if CK_X86
#include <immintrin.h>

#define CK_AES __attribute__((target("aes,ssse3,sse4.1")))
#define CK_VAES __attribute__((target("aes,vaes,avx2,avx512f,avx512bw,avx512dq,avx512vl")))

bool ck_aes_available(void) {
  return __builtin_cpu_supports("aes") && __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.1");
}

/// The next round key, given the assisted word.
CK_AES CK_INLINE __m128i next_key(__m128i key, __m128i assist) {
  key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  key = _mm_xor_si128(key, _mm_slli_si128(key, 8));
  return _mm_xor_si128(key, _mm_shuffle_epi32(assist, 0xff));
}

CK_AES void ck_aes128_expand(const uint8_t key[16], ck_aes128_schedule *schedule) {
  __m128i k = _mm_loadu_si128((const __m128i *)key);
  _mm_storeu_si128((__m128i *)schedule->round_keys[0], k);
#define EXPAND(round, constant) \
  k = next_key(k, _mm_aeskeygenassist_si128(k, constant)); \
  _mm_storeu_si128((__m128i *)schedule->round_keys[round], k);
  EXPAND(1, 0x01)
  EXPAND(2, 0x02)
  EXPAND(3, 0x04)
  EXPAND(4, 0x08)
  EXPAND(5, 0x10)
  EXPAND(6, 0x20)
  EXPAND(7, 0x40)
  EXPAND(8, 0x80)
  EXPAND(9, 0x1b)
  EXPAND(10, 0x36)
#undef EXPAND
}

CK_AES CK_INLINE __m128i round_key(const ck_aes128_schedule *schedule, int round) {
  return _mm_loadu_si128((const __m128i *)schedule->round_keys[round]);
}

/// `count` (constant) blocks from counter `low` on.
CK_AES CK_INLINE void blocks(
    size_t count, const ck_aes128_schedule *schedule, uint64_t high, uint64_t low, uint64_t *out) {
  __m128i x[8];
#pragma clang loop unroll(full)
  for (size_t i = 0; i < count; i++) {
    uint64_t swapped_high = __builtin_bswap64(high), swapped_low = __builtin_bswap64(low + i);
    x[i] = _mm_xor_si128(_mm_set_epi64x((long long)swapped_low, (long long)swapped_high), round_key(schedule, 0));
  }
  for (int round = 1; round < 10; round++) {
    __m128i key = round_key(schedule, round);
#pragma clang loop unroll(full)
    for (size_t i = 0; i < count; i++) { x[i] = _mm_aesenc_si128(x[i], key); }
  }
#pragma clang loop unroll(full)
  for (size_t i = 0; i < count; i++) {
    _mm_storeu_si128((__m128i *)(out + 2 * i), _mm_aesenclast_si128(x[i], round_key(schedule, 10)));
  }
}

CK_AES static void fill_aes(
    const ck_aes128_schedule *schedule, uint64_t high, uint64_t low, uint64_t *out, size_t words) {
  for (; words >= 16; words -= 16, out += 16, low += 8) { blocks(8, schedule, high, low, out); }
  for (; words >= 2; words -= 2, out += 2, low++) { blocks(1, schedule, high, low, out); }
  if (words == 1) {
    uint64_t last[2];
    blocks(1, schedule, high, low, last);
    out[0] = last[0];
    ck_zero(last, sizeof last);
  }
}

/// What a run of 32 blocks at a time needs, in registers.
typedef struct {
  __m512i keys[11];
  __m512i swap;
  __m512i four;
  __m512i counter;
} vaes_state;

enum { vaes_registers = 8, vaes_step = vaes_registers * 64 };

CK_VAES CK_INLINE vaes_state vaes_start(const ck_aes128_schedule *schedule, uint64_t high, uint64_t low) {
  vaes_state state;
#pragma clang loop unroll(full)
  for (int round = 0; round < 11; round++) {
    state.keys[round] = _mm512_broadcast_i32x4(round_key(schedule, round));
  }
  // The counter's low word is swapped to big-endian at each use; the high word is swapped beforehand.
  state.swap = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 15, 14, 13, 12, 11, 10, 9, 8));
  state.four = _mm512_set_epi64(4, 0, 4, 0, 4, 0, 4, 0);
  long long h = (long long)__builtin_bswap64(high), l = (long long)low;
  state.counter = _mm512_add_epi64(_mm512_set_epi64(l, h, l, h, l, h, l, h), _mm512_set_epi64(3, 0, 2, 0, 1, 0, 0, 0));
  return state;
}

/// The next 32 blocks.
CK_VAES CK_INLINE void vaes_next(vaes_state *state, __m512i x[vaes_registers]) {
#pragma clang loop unroll(full)
  for (int i = 0; i < vaes_registers; i++) {
    x[i] = _mm512_xor_si512(_mm512_shuffle_epi8(state->counter, state->swap), state->keys[0]);
    state->counter = _mm512_add_epi64(state->counter, state->four);
  }
#pragma clang loop unroll(full)
  for (int round = 1; round < 10; round++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < vaes_registers; i++) { x[i] = _mm512_aesenc_epi128(x[i], state->keys[round]); }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < vaes_registers; i++) { x[i] = _mm512_aesenclast_epi128(x[i], state->keys[10]); }
}

/// The blocks in multiples of 32; returns the words written.
CK_VAES static size_t fill_vaes(
    const ck_aes128_schedule *schedule, uint64_t high, uint64_t low, uint64_t *out, size_t words) {
  vaes_state state = vaes_start(schedule, high, low);
  size_t done = 0;
  for (; done + vaes_step / 8 <= words; done += vaes_step / 8) {
    __m512i x[vaes_registers];
    vaes_next(&state, x);
#pragma clang loop unroll(full)
    for (int i = 0; i < vaes_registers; i++) { _mm512_storeu_si512(out + done + 8 * i, x[i]); }
  }
  return done;
}

static bool vaes_allowed(void) {
  return ck_dispatch_level() == ck_level_avx512 && __builtin_cpu_supports("vaes");
}

void ck_aes128_ctr_fill(
    const ck_aes128_schedule *schedule, uint64_t counter_hi, uint64_t counter_lo, uint64_t *out, size_t words) {
  size_t done = 0;
  if (vaes_allowed()) { done = fill_vaes(schedule, counter_hi, counter_lo, out, words); }
  fill_aes(schedule, counter_hi, counter_lo + done / 2, out + done, words - done);
}

/// The stream added to words of `type`, or subtracted: 32 blocks at a time, then through a piece of 8 blocks.
#define ACCUMULATE(width, type) \
  CK_VAES CK_INLINE size_t accumulate##width##_vaes_loop( \
      const ck_aes128_schedule *schedule, uint64_t high, uint64_t low, bool negated, type *words, size_t count) { \
    enum { lanes = 64 / sizeof(type), step = vaes_step / sizeof(type) }; \
    vaes_state state = vaes_start(schedule, high, low); \
    size_t done = 0; \
    for (; done + step <= count; done += step) { \
      __m512i x[vaes_registers]; \
      vaes_next(&state, x); \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < vaes_registers; i++) { \
        type *at = words + done + lanes * i; \
        __m512i old = _mm512_loadu_si512(at); \
        _mm512_storeu_si512( \
            at, negated ? _mm512_sub_epi##width(old, x[i]) : _mm512_add_epi##width(old, x[i])); \
      } \
    } \
    return done; \
  } \
  CK_VAES static size_t accumulate##width##_vaes( \
      const ck_aes128_schedule *schedule, uint64_t high, uint64_t low, bool negated, type *words, size_t count) { \
    return negated ? accumulate##width##_vaes_loop(schedule, high, low, true, words, count) \
                   : accumulate##width##_vaes_loop(schedule, high, low, false, words, count); \
  } \
  CK_AES static void accumulate##width##_aes( \
      const ck_aes128_schedule *schedule, uint64_t high, uint64_t low, bool negated, type *words, size_t count) { \
    enum { step = 128 / sizeof(type) }; \
    union { uint64_t stream[16]; type words[step]; } piece; \
    for (; count > 0; low += 8) { \
      size_t now = count < step ? count : step; \
      blocks(8, schedule, high, low, piece.stream); \
      if (negated) { \
        for (size_t i = 0; i < now; i++) { words[i] -= piece.words[i]; } \
      } else { \
        for (size_t i = 0; i < now; i++) { words[i] += piece.words[i]; } \
      } \
      words += now; \
      count -= now; \
    } \
    ck_zero(&piece, sizeof piece); \
  } \
  void ck_aes128_ctr_accumulate##width( \
      const ck_aes128_schedule *schedule, uint64_t counter_hi, uint64_t counter_lo, bool negated, type *words, \
      size_t count) { \
    size_t done = 0; \
    if (vaes_allowed()) { done = accumulate##width##_vaes(schedule, counter_hi, counter_lo, negated, words, count); } \
    accumulate##width##_aes( \
        schedule, counter_hi, counter_lo + done * sizeof(type) / 16, negated, words + done, count - done); \
  }

ACCUMULATE(32, uint32_t)
ACCUMULATE(64, uint64_t)

#else

// Elsewhere the caller has another AES. Calling these against their contract stops, as a missing instruction would.
bool ck_aes_available(void) { return false; }

void ck_aes128_expand(const uint8_t key[16], ck_aes128_schedule *schedule) {
  (void)key, (void)schedule;
  __builtin_trap();
}

void ck_aes128_ctr_fill(
    const ck_aes128_schedule *schedule, uint64_t counter_hi, uint64_t counter_lo, uint64_t *out, size_t words) {
  (void)schedule, (void)counter_hi, (void)counter_lo, (void)out, (void)words;
  __builtin_trap();
}

void ck_aes128_ctr_accumulate32(
    const ck_aes128_schedule *schedule, uint64_t counter_hi, uint64_t counter_lo, bool negated, uint32_t *words,
    size_t count) {
  (void)schedule, (void)counter_hi, (void)counter_lo, (void)negated, (void)words, (void)count;
  __builtin_trap();
}

void ck_aes128_ctr_accumulate64(
    const ck_aes128_schedule *schedule, uint64_t counter_hi, uint64_t counter_lo, bool negated, uint64_t *words,
    size_t count) {
  (void)schedule, (void)counter_hi, (void)counter_lo, (void)negated, (void)words, (void)count;
  __builtin_trap();
}

#endif
