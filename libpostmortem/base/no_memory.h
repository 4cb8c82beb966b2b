// C libraries say that they got no memory as they say that their input is damaged: by an error. It is not
// taken for one, but told as `new` tells it: to the program's handler, or as an exception.
#pragma once

#include <new>
#include <string_view>

namespace postmortem {

// Not [[noreturn]]: to clang the type of libdw's handler is another then.
__attribute__((noreturn)) inline void tell_of_no_memory() {
    if (const std::new_handler handler = std::get_new_handler()) handler();
    throw std::bad_alloc();
}

/// What a library made where nothing but want of memory keeps it from making it.
template <class T>
T* allocated(T* made) {
    if (made == nullptr) tell_of_no_memory();
    return made;
}

/// The words of an error, which libelf and libdw know by no public number.
inline const char* unless_no_memory(const char* words) {
    if (words != nullptr && std::string_view(words) == "out of memory") tell_of_no_memory();
    return words;
}

}  // namespace postmortem
