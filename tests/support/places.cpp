#include "support/places.h"

namespace postmortem::test {

std::filesystem::path source_dir() {
    return POSTMORTEM_SOURCE_DIR;
}

std::filesystem::path fixtures() {
    return POSTMORTEM_FIXTURES;
}

std::string program() {
    return POSTMORTEM_BINARY;
}

}  // namespace postmortem::test
