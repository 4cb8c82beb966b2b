# Flags for the project's own targets; nothing here reaches a consumer of the installed package.

# Lines and functions are what a backtrace of this program needs; a description of every variable costs the compiler as
# much as the code itself. -DCMAKE_BUILD_TYPE=Debug has it.
string(REGEX REPLACE "-g( |$)" "-g1\\1" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")

add_library(postmortem_settings INTERFACE)
target_compile_options(postmortem_settings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
                                                     -Wnon-virtual-dtor -Woverloaded-virtual)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 takes operator+ of std::string for an overlapping copy (https://gcc.gnu.org/PR105651).
  target_compile_options(postmortem_settings INTERFACE -Wno-restrict)
endif()
if(POSTMORTEM_WERROR)
  target_compile_options(postmortem_settings INTERFACE -Werror)
endif()
if(POSTMORTEM_SANITIZE)
  target_compile_options(postmortem_settings INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined
                                                       -fno-omit-frame-pointer)
  target_link_options(postmortem_settings INTERFACE -fsanitize=address,undefined)
endif()
if(POSTMORTEM_HARDENED)
  # Some compilers of distributions define _FORTIFY_SOURCE themselves, to less.
  target_compile_options(postmortem_settings INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS
                                                       -fstack-protector-strong -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_compile_options(postmortem_settings INTERFACE -fcf-protection)
  endif()
endif()
if(POSTMORTEM_FUZZERS)
  target_compile_options(postmortem_settings INTERFACE -fsanitize=fuzzer-no-link)
endif()
