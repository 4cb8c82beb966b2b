// The same log under every prefix and wrapping that people paste it with: same events, ids and facts.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <postmortem/log_analysis.h>
#include <postmortem/oom.h>
#include <postmortem/render_oom.h>

#include "base/text.h"
#include "log/text/decompress.h"
#include "log/text/prefix.h"
#include "support/files.h"
#include "support/oom_facts.h"
#include "support/places.h"

namespace wrapping_test {

using namespace postmortem;
using Json = nlohmann::json;
namespace fs = std::filesystem;

namespace {

struct Wrapping {
    std::string name;
    /// Takes the whole line, its message without the prefix, and the number of the line.
    std::function<std::string(const std::string&, const std::string&, int)> wrap;
    /// The line stays as it was, with the prefix of its own: the log must say what it says without the
    /// wrapping.
    bool keeps_line = false;
};

std::string seconds_of(int line) {
    return fmt::format("{:5}.{:06}", 100 + line / 50000, line * 17 % 1000000);
}

std::string clock_of(int line) {
    return fmt::format("{:02}:{:02}:{:02}", 19, line / 60 % 60, line % 60);
}

// In front of the message, in place of what stood there; %s, %c: printk's seconds and a clock.
Wrapping in_place(std::string prefix) {
    return {"in place: " + prefix, [prefix](const std::string&, const std::string& message, int line) {
                std::string front = prefix;
                for (const auto& [mark, text] :
                     {std::pair<std::string, std::string>{"%s", seconds_of(line)}, {"%c", clock_of(line)}}) {
                    const std::size_t at = front.find(mark);
                    if (at != std::string::npos) front.replace(at, 2, text);
                }
                return front + message;
            }};
}

// In front of the whole line.
Wrapping before(std::string prefix) {
    Wrapping wrapping = in_place(prefix);
    return {"before: " + prefix,
            [inner = wrapping.wrap](const std::string& whole, const std::string&, int line) {
                return inner(whole, whole, line);
            },
            true};
}

std::string html_escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '&')
            out += "&amp;";
        else if (c == '"')
            out += "&quot;";
        else
            out += c;
    }
    return out;
}

std::string markdown_escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (std::string_view("[]_*<>#`").find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

std::string csv_quoted(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
    return out;
}

std::string dumped(const Json& object) {
    return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// An object of the message alone.
Wrapping json_of_message(std::string name, std::function<Json(const std::string&)> object) {
    return {std::move(name), [object](const std::string&, const std::string& message, int) {
                return dumped(object(message));
            }};
}

Wrapping json(std::string name, std::function<Json(const std::string&)> object) {
    return {std::move(name),
            [object](const std::string& whole, const std::string&, int) { return dumped(object(whole)); },
            true};
}

std::vector<Wrapping> json_wrappings() {
    return {
        json("docker",
             [](auto& whole) {
                 return Json{{"log", whole + "\n"}, {"stream", "stdout"}, {"time", "2023-10-12T19:00:20.1Z"}};
             }),
        json_of_message(
            "journal",
            [](auto& message) {
                return Json{
                    {"MESSAGE", message}, {"_TRANSPORT", "kernel"}, {"_HOSTNAME", "box"}, {"PRIORITY", "4"}};
            }),
        json("logstash",
             [](auto& whole) {
                 return Json{
                     {"@timestamp", "2023-10-12T19:00:20.123Z"}, {"@version", "1"}, {"message", whole}};
             }),
        json("fluentd",
             [](auto& whole) {
                 return Json{{"priority", "4"}, {"msg", whole}, {"tag", "kernel"}};
             }),
        json_of_message(
            "syslog-ng",
            [](auto& message) {
                return Json{
                    {"PROGRAM", "kernel"}, {"PRIORITY", "err"}, {"MESSAGE", message}, {"HOST", "box"}};
            }),
        json("rsyslog",
             [](auto& whole) {
                 return Json{{"msg", " " + whole},
                             {"hostname", "box"},
                             {"syslogtag", "kernel:"},
                             {"facility", "kern"}};
             }),
        json("gelf",
             [](auto& whole) {
                 return Json{{"version", "1.1"}, {"host", "box"}, {"short_message", whole}, {"level", 4}};
             }),
        {"fluentd's file",
         [](const std::string& whole, const std::string&, int line) {
             return "2023-10-12T" + clock_of(line) + "+00:00\tkernel.warn\t" +
                    Json{{"message", whole}}.dump();
         },
         true},
        json(
            "cloud",
            [](auto& whole) {
                return Json{{"insertId", "a1"}, {"jsonPayload", {{"message", whole}}}, {"severity", "ERROR"}};
            }),
        json_of_message("journal in docker",
                        [](auto& message) {
                            const Json inner = {{"MESSAGE", message}, {"_TRANSPORT", "kernel"}};
                            return Json{{"log", inner.dump() + "\n"}, {"stream", "stdout"}};
                        }),
        json("unknown key",
             [](auto& whole) {
                 return Json{{"n", 1}, {"what_it_said", "box says: " + whole}};
             }),
    };
}

std::vector<Wrapping> markup_wrappings() {
    const auto line = [](std::string name, std::function<std::string(const std::string&)> wrap) {
        return Wrapping{std::move(name),
                        [wrap](const std::string& whole, const std::string&, int) { return wrap(whole); },
                        true};
    };
    return {
        line("entities", html_escaped),
        line("br", [](auto& whole) { return html_escaped(whole) + "<br>"; }),
        line("br /", [](auto& whole) { return html_escaped(whole) + "<br />"; }),
        line("p", [](auto& whole) { return "<p>" + html_escaped(whole) + "</p>"; }),
        line("span", [](auto& whole) { return "<span class=\"line\">" + html_escaped(whole) + "</span>"; }),
        line("backtick in front", [](auto& whole) { return "`" + whole; }),
        line("backtick behind", [](auto& whole) { return whole + "`"; }),
        line("backticks", [](auto& whole) { return "`" + whole + "`"; }),
        line("bold", [](auto& whole) { return "**" + whole + "**"; }),
        line("Markdown", markdown_escaped),
        line("CSV",
             [](auto& whole) {
                 return "\"2023-10-12 19:00:20\",\"box\",\"kernel\",\"" + csv_quoted(whole) + "\"";
             }),
        line("CR", [](auto& whole) { return whole + "\r"; }),
        line("colours", [](auto& whole) { return "\x1b[32m" + whole + "\x1b[0m"; }),
        line("zeros", [](auto& whole) { return std::string(3, '\0') + whole; }),
    };
}

std::vector<Wrapping> wrappings() {
    std::vector<Wrapping> all;
    for (const char* const prefix : {"[%s] ",
                                     "[%s][ T1234] ",
                                     "<4>[%s] ",
                                     "[%s <    0.000003>] ",
                                     "[  +0.000003] ",
                                     "[<    0.000003>] ",
                                     "[Thu Oct 12 %c 2023] ",
                                     "[jeu. oct. 12 %c 2023] ",
                                     "[Do Okt 12 %c 2023] ",
                                     "[四 10月 12 %c 2023] ",
                                     "[чт окт 12 %c 2023] ",
                                     "[Oct12 19:00] ",
                                     "2023-10-12T%c,123456+02:00 ",
                                     "kern  :warn  : [%s] ",
                                     "Oct 12 %c box kernel: ",
                                     "Okt 12 %c box kernel: ",
                                     "mars 27 %c box kernel: ",
                                     "10月 12 %c box kernel: ",
                                     "Oct 12 %c box kernel: [%s] ",
                                     "Oct 12 %c 192.0.2.9 box kernel: ",
                                     "2023/10/12 %c ",
                                     "2023/10/12 %c box kernel: ",
                                     "<4>1 2023-10-12T%c.123+02:00 box kernel - - - ",
                                     "<4>1 2023-10-12T%cZ box kernel - - [x@1 a=\"b\"] [%s] ",
                                     "2023-10-12T%c.123456+02:00 box kernel: ",
                                     "Thu 2023-10-12 %c UTC box kernel: ",
                                     "Sat Jan 25 %c 2020 kern.err kernel: [%s] ",
                                     "Oct 12 %c kern.warn kernel: ",
                                     "Oct 12 %c box kern.warn kernel: ",
                                     "Oct 12 %c box user.alert kernel: ",
                                     "10.1.1.2: kern:    info: [2025-06-04T%c.57Z]: ",
                                     "kern: warning: [2025-06-04T%c.57Z]: ",
                                     "[%s] I[7:      swapper/0:    1] ",
                                     "[%s]  [7:comm: 8408] ",
                                     "[%s] (2)[13186:mount]",
                                     "[%s] c1 ",
                                     "[%s] c7   1827 ",
                                     "[%s / 01-01 00:00:00.749][0] ",
                                     "[6:  kworker/u40:2: 7357] ",
                                     "[%s] c0 1 (swapper/0) ",
                                     "%s:   <1> (01-28 07:22:33.30) ",
                                     "[%s][pid:1,cpu0,swapper/0]",
                                     "01-28 %c.123     0     0 I         : ",
                                     "I/        (    0): ",
                                     "4,1862,1532049460,-;",
                                     "6.4.0,4,1862,1532049460,-;",
                                     "Oct 12 %c box 4,1862,1532049460,-;",
                                     "Warning: [%s] ",
                                     "kernel: ",
                                     "box kernel: ",
                                     "1697137220.123456 box kernel: ",
                                     "[%s] box kernel: ",
                                     "Oct 12 %c box klogd: "})
        all.push_back(in_place(prefix));
    for (const char* const prefix :
         {"> ", "> > ", "2023-10-12T%c.123456789Z stdout F ", "Oct 12 %c ", "[2023-10-12 %c] ", "[%c.123] ",
          "Oct 12 %c box dmesg[123]: ", "node7  | ", "12:", "kern.log:12:", "/var/log/kern.log:12:",
          "12.10.2023 %c box kernel ", "2023-10-12 %c | kernel | "})
        all.push_back(before(prefix));
    for (Wrapping& wrapping : json_wrappings()) all.push_back(std::move(wrapping));
    for (Wrapping& wrapping : markup_wrappings()) all.push_back(std::move(wrapping));
    return all;
}

std::vector<fs::path> logs_in(const fs::path& folder, std::string_view extension, std::size_t most) {
    std::vector<fs::path> logs;
    if (!fs::is_directory(folder)) return logs;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == extension) logs.push_back(entry.path());
    }
    std::sort(logs.begin(), logs.end());
    if (logs.size() > most) logs.resize(most);
    return logs;
}

// A log whose lines all have printk's clock: what stands in front of a message can then be changed for
// another.
std::string wrapped(const std::string& log, const Wrapping& wrapping) {
    std::string out;
    int number = 0;
    for (const std::string_view line : split(log, '\n')) {
        LogRecord record;
        strip_prefix(line, record);
        out += wrapping.wrap(std::string(line), std::string(record.text), number++) + "\n";
    }
    return out;
}

Json events_of(const std::string& log) {
    Json all = Json::array();
    for (const LogEvent& event : analyse_log_text(log).events) {
        all.push_back({event.id, event.title, to_string(event.event_class), event.headline, event.function,
                       event.comm, event.pid.value_or(0), event.cpu.value_or(99), event.kernel, event.taint,
                       event.fault_address.value_or(0), event.frames.size(), event.registers.size(),
                       event.corrupted});
    }
    return all;
}

struct Count {
    std::size_t equal = 0, all = 0;
};

void check_under_all(const std::vector<fs::path>& logs, Json (*facts)(const std::string&), Count& count) {
    for (const fs::path& path : logs) {
        const std::string name = path.filename().string();
        CAPTURE(name);
        const std::string log = test::file_contents(path);
        const Json as_it_is = facts(log);
        const Json with_clock = facts(wrapped(log, in_place("[%s] ")));
        for (const Wrapping& wrapping : wrappings()) {
            CAPTURE(wrapping.name);
            const bool equal = facts(wrapped(log, wrapping)) == (wrapping.keeps_line ? as_it_is : with_clock);
            CHECK(equal);
            count.equal += equal;
            ++count.all;
        }
    }
}

}  // namespace

TEST_CASE("logs of the tree say the same under every prefix and wrapping") {
    CHECK(wrappings().size() >= 60);
    const fs::path logs = test::source_dir() / "testdata" / "logs";
    Count count;
    check_under_all(logs_in(logs, ".log", SIZE_MAX), events_of, count);
    check_under_all(logs_in(logs / "oom", ".log", SIZE_MAX), test::oom_facts, count);
    CHECK(count.all > 1000);
}

TEST_CASE("corpus: logs say the same under every prefix and wrapping") {
    const char* const corpus = std::getenv("POSTMORTEM_CORPUS");
    if (corpus == nullptr) {
        MESSAGE("skipped: POSTMORTEM_CORPUS names no folder with collections of logs");
        return;
    }
    Count count;
    check_under_all(logs_in(fs::path(corpus) / "oom", ".txt", SIZE_MAX), test::oom_facts, count);
    check_under_all(logs_in(fs::path(corpus) / "oops", ".txt", 40), events_of, count);
    MESSAGE(count.equal << " of " << count.all << " equal");
}

}  // namespace wrapping_test
