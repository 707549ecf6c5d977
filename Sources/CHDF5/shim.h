// What Swift cannot see of libhdf5: macros.
#pragma once
#include <hdf5.h>
#include <stdlib.h>

static inline hid_t tacit_h5_float(void) { return H5T_NATIVE_FLOAT; }

// Turns the library's own messages and its work at the process's end off, and the loading of filters from folders.
static inline void tacit_h5_prepare(void) {
  H5dont_atexit();
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  H5PLset_loading_state(0);
}

static inline hid_t tacit_h5_open(const char *path) { return H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT); }

// Whether a name stands for an object of this very file: links may lead into other files.
static inline int tacit_h5_is_own(hid_t place, const char *name) {
  H5L_info_t info;
  return H5Lexists(place, name, H5P_DEFAULT) > 0 && H5Lget_info(place, name, &info, H5P_DEFAULT) >= 0 &&
         info.type == H5L_TYPE_HARD;
}

// The object of that name in a group: a group or data, or a negative number.
static inline hid_t tacit_h5_object(hid_t place, const char *name) {
  return tacit_h5_is_own(place, name) ? H5Oopen(place, name, H5P_DEFAULT) : -1;
}

// Whether data lie in this very file.
static inline int tacit_h5_lies_here(hid_t data) {
  hid_t settings = H5Dget_create_plist(data);
  if (settings < 0) return 0;
  H5D_layout_t layout = H5Pget_layout(settings);
  int here = H5Pget_external_count(settings) == 0 && (layout == H5D_COMPACT || layout == H5D_CONTIGUOUS || layout == H5D_CHUNKED);
  H5Pclose(settings);
  return here;
}

static inline int tacit_h5_read_floats(hid_t data, float *to) {
  return H5Dread(data, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, to) >= 0;
}

// Reads texts of any length into pointers that tacit_h5_free_texts gives back.
static inline int tacit_h5_read_texts(hid_t attribute, hid_t type, char **to) {
  hid_t memory = H5Tcopy(H5T_C_S1);
  H5Tset_size(memory, H5T_VARIABLE);
  H5Tset_cset(memory, H5Tget_cset(type));
  int read = H5Aread(attribute, memory, to) >= 0;
  H5Tclose(memory);
  return read;
}

static inline void tacit_h5_free_text(char *text) { if (text) H5free_memory(text); }
