# Compiles in the names that the code can ask the types for, so that a type file holds these and no others.
set(asked_words_source ${CMAKE_CURRENT_BINARY_DIR}/asked_words.cpp)
set(asking_sources)
foreach(room arch kernel report)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${room}/*.cpp ${CMAKE_CURRENT_SOURCE_DIR}/${room}/*.h)
  list(APPEND asking_sources ${files})
endforeach()
add_custom_command(
  OUTPUT ${asked_words_source}
  COMMAND ${CMAKE_COMMAND} -DROOT=${CMAKE_CURRENT_SOURCE_DIR} -DRESULT=${asked_words_source} -P
          ${CMAKE_CURRENT_SOURCE_DIR}/cmake/asked_words.cmake
  DEPENDS ${asking_sources} ${CMAKE_CURRENT_SOURCE_DIR}/cmake/asked_words.cmake
  COMMENT "Collecting the names that are asked of the types")
