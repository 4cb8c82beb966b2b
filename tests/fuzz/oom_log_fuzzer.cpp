// Any bytes as a log: whatever is read must be explained and printed without harm. Starts well from
// testdata/logs/oom.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <postmortem/oom.h>
#include <postmortem/render_oom.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view log(reinterpret_cast<const char*>(data), size);
    for (const postmortem::OomEvent& event : postmortem::find_oom_events(log)) {
        const postmortem::OomVerdict verdict = postmortem::explain(event);
        if (postmortem::to_json(event, verdict).empty() || postmortem::to_text(event, verdict, 1).empty())
            __builtin_trap();
    }
    return 0;
}
