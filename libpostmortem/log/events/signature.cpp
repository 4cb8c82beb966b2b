#include "log/events/signature.h"

#include <fmt/format.h>

#include "log/events/function_name.h"
#include "log/events/guilty.h"
#include "log/match/name_set.h"

namespace postmortem {
namespace {

constexpr std::size_t max_functions = 3;

// What slab debugging and list checks put on top; their titles carry no function, but ids need one.
bool is_checker(std::string_view function) {
    static const NameSet names = {"object_err",
                                  "print_trailer",
                                  "free_debug_processing",
                                  "alloc_debug_processing",
                                  "free_to_partial_list",
                                  "on_freelist",
                                  "check_bytes_and_report",
                                  "init_object",
                                  "handle_bug",
                                  "exc_",
                                  "asm_exc_",
                                  "ret_from_exception"};
    return names.matches(function);
}

void add(std::string function, std::vector<std::string>& functions) {
    // A recursion is one function however deep it went.
    const bool repeats = !functions.empty() && functions.back() == function;
    if (functions.size() < max_functions && !repeats && !is_checker(function))
        functions.push_back(std::move(function));
}

// From the function to blame towards its callers.
std::vector<std::string> towards_callers(const Naming& naming) {
    std::vector<std::string> functions;
    const std::string& module = naming.candidates[naming.blamed].module;
    for (std::size_t i = naming.blamed; i < naming.candidates.size(); ++i) {
        const Candidate& candidate = naming.candidates[i];
        const std::string function(without_syscall_prefix(candidate.function));
        if (i != naming.blamed &&
            (is_dispatcher(function) || (!module.empty() && candidate.module != module)))
            break;
        add(function, functions);
    }
    return functions;
}

// A loop is caught at any place. From where it was entered: first the entry, then what it called; where a
// module loops, only its frames.
std::vector<std::string> towards_callees(const Naming& naming) {
    std::string module;
    for (std::size_t i = naming.blamed + 1; i-- > 0 && module.empty();) module = naming.candidates[i].module;
    std::vector<std::string> functions;
    for (std::size_t i = naming.blamed + 1; i-- > 0;) {
        const Candidate& candidate = naming.candidates[i];
        if (!module.empty() && candidate.module != module) continue;
        add(std::string(without_syscall_prefix(candidate.function)), functions);
    }
    return functions;
}

std::string hash(std::string_view text) {
    std::uint64_t value = 0xcbf29ce484222325;
    for (const char c : text) {
        value ^= static_cast<unsigned char>(c);
        value *= 0x100000001b3;
    }
    return fmt::format("{:012x}", value >> 16);
}

}  // namespace

void sign(const Naming& naming, LogEvent& event) {
    if (naming.blamed < naming.candidates.size()) {
        event.signature_frames = naming.blames_entry ? towards_callees(naming) : towards_callers(naming);
    }
    std::string text(to_string(event.event_class));
    for (const std::string& function : event.signature_frames) text += "|" + function;
    if (event.signature_frames.empty()) {
        text += "|" + naming.title;
        const std::string function(without_compiler_suffix(event.function));
        if (!function.empty() && naming.title.find(function) == std::string::npos) text += "|" + function;
    }
    event.id = hash(text);
}

}  // namespace postmortem
