# Installs the libraries, the public headers, the program, a CMake package and a pkg-config file.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(private_libraries dw elf zstd lz4 deflate lzma z bz2 snappy fmt yaml-cpp pthread)
target_link_libraries(postmortem_static INTERFACE "$<INSTALL_INTERFACE:${private_libraries}>")
list(TRANSFORM private_libraries PREPEND -l OUTPUT_VARIABLE private_flags)
list(JOIN private_flags " " POSTMORTEM_PRIVATE_LIBS)

install(TARGETS postmortem_static postmortem_shared EXPORT postmortemTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS postmortem RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY libpostmortem/include/postmortem DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/postmortem)
install(EXPORT postmortemTargets NAMESPACE postmortem:: DESTINATION ${package_dir})
configure_package_config_file(libpostmortem/cmake/postmortemConfig.cmake.in postmortemConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(postmortemConfigVersion.cmake COMPATIBILITY SameMinorVersion)
# The package may be moved as a whole: its prefix is told from where the file lies.
file(RELATIVE_PATH POSTMORTEM_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(libpostmortem/cmake/postmortem.pc.in postmortem.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/postmortemConfig.cmake ${PROJECT_BINARY_DIR}/postmortemConfigVersion.cmake
        DESTINATION ${package_dir})
install(FILES ${PROJECT_BINARY_DIR}/postmortem.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
