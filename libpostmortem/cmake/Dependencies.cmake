# Everything is found on the system; nothing is fetched. One INTERFACE target carries the private dependencies.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(BZip2 REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(Boost REQUIRED COMPONENTS program_options)

pkg_check_modules(LIBELF REQUIRED IMPORTED_TARGET libelf)
pkg_check_modules(LIBDW REQUIRED IMPORTED_TARGET libdw)
pkg_check_modules(LIBZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(LIBLZ4 REQUIRED IMPORTED_TARGET liblz4)
pkg_check_modules(LIBDEFLATE REQUIRED IMPORTED_TARGET libdeflate)
pkg_check_modules(LIBLZMA REQUIRED IMPORTED_TARGET liblzma)
pkg_check_modules(LIBEDIT REQUIRED IMPORTED_TARGET libedit)

find_path(EXPECTED_INCLUDE_DIR tl/expected.hpp REQUIRED)
find_path(SNAPPY_INCLUDE_DIR snappy-c.h REQUIRED)
find_library(SNAPPY_LIBRARY snappy REQUIRED)

add_library(postmortem_dependencies INTERFACE)
target_include_directories(postmortem_dependencies SYSTEM INTERFACE ${EXPECTED_INCLUDE_DIR} ${SNAPPY_INCLUDE_DIR})
target_link_libraries(postmortem_dependencies INTERFACE
  PkgConfig::LIBDW PkgConfig::LIBELF PkgConfig::LIBZSTD PkgConfig::LIBLZ4 PkgConfig::LIBDEFLATE PkgConfig::LIBLZMA
  ZLIB::ZLIB BZip2::BZip2 ${SNAPPY_LIBRARY} fmt::fmt nlohmann_json::nlohmann_json yaml-cpp Threads::Threads)

# Only its headers: arch/capstone.cpp loads the library.
find_path(CAPSTONE_INCLUDE_DIR capstone/capstone.h REQUIRED)
target_include_directories(postmortem_dependencies SYSTEM INTERFACE ${CAPSTONE_INCLUDE_DIR})

# Only its header: the library itself is loaded at run time, when a file is to be fetched.
if(POSTMORTEM_DEBUGINFOD)
  find_path(DEBUGINFOD_INCLUDE_DIR elfutils/debuginfod.h)
  if(DEBUGINFOD_INCLUDE_DIR)
    target_compile_definitions(postmortem_dependencies INTERFACE POSTMORTEM_HAS_DEBUGINFOD=1)
  endif()
endif()
target_link_libraries(postmortem_dependencies INTERFACE ${CMAKE_DL_LIBS})
