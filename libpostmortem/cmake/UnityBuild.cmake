# The compiler spends most of its time on headers and on the same templates over and over: neighbours are compiled
# together, so that a unit is a large room or a few small ones of the same layer; describers make a layer of their own.
# So names in anonymous namespaces must differ within a layer. -DPOSTMORTEM_UNITY=OFF compiles each file by itself: it
# shows a missing #include.
option(POSTMORTEM_UNITY "Compile neighbouring files together: three times faster from scratch" ON)

function(postmortem_compile_neighbours_together target layers_below files_in_a_unit)
  if(NOT POSTMORTEM_UNITY)
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "^${layers_below}/.*/")
  foreach(source IN LISTS sources)
    file(RELATIVE_PATH layer ${layers_below} ${source})
    string(REGEX REPLACE "/.*" "" layer ${layer})
    if(source MATCHES "_fields.cpp$")
      set(layer describers)
    endif()
    list(APPEND files_of_${layer} ${source})
    list(LENGTH files_of_${layer} count)
    set(count_of_${layer} ${count})
    math(EXPR unit "(${count} - 1) / ${files_in_a_unit}")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${layer}_${unit})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  # GCC stops inlining where a unit has grown by 40 %, which large units reach: reading a log became a third slower.
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    math(EXPR last_unit "${count_of_log} / ${files_in_a_unit}")
    foreach(unit RANGE ${last_unit})
      set_source_files_properties(${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${target}.dir/Unity/unity_log_${unit}_cxx.cxx
                                  PROPERTIES COMPILE_OPTIONS --param=inline-unit-growth=1000)
    endforeach()
  endif()
endfunction()
