#include <postmortem/error.h>

namespace postmortem {

std::string_view to_string(ErrorCode code) {
    switch (code) {
        case ErrorCode::NotMapped: return "not-mapped";
        case ErrorCode::PageExcluded: return "page-excluded";
        case ErrorCode::PageMissing: return "page-missing";
        case ErrorCode::NoSuchMemory: return "no-such-memory";
        case ErrorCode::Corrupt: return "corrupt";
        case ErrorCode::Doubtful: return "doubtful";
        case ErrorCode::Unsupported: return "unsupported";
        case ErrorCode::MissingDebugInfo: return "missing-debug-info";
        case ErrorCode::NotFound: return "not-found";
        case ErrorCode::Io: return "io";
        case ErrorCode::InvalidArgument: return "invalid-argument";
    }
    return "unknown";
}

}  // namespace postmortem
