// Where the checkout, the built program and the fixtures lie. Only places.cpp knows: every other object file
// is the same in whichever folder it is built.
#pragma once

#include <filesystem>
#include <string>

namespace postmortem::test {

std::filesystem::path source_dir();
/// The folder of the fixture_* programs (tests/fixtures).
std::filesystem::path fixtures();
/// The postmortem program.
std::string program();

}  // namespace postmortem::test
