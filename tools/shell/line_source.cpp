#include "shell/line_source.h"

#include <cstdlib>

#include <fmt/format.h>

namespace tool::shell {
namespace {

class StreamLines final : public LineSource {
  public:
    StreamLines(std::FILE* stream, bool echo) : stream_(stream), echo_(echo) {}
    ~StreamLines() override { std::free(buffer_); }
    StreamLines(const StreamLines&) = delete;
    StreamLines& operator=(const StreamLines&) = delete;

    std::optional<std::string> next(const std::string& prompt) override {
        const ssize_t length = ::getline(&buffer_, &capacity_, stream_);
        if (length < 0) return std::nullopt;
        std::string line(buffer_, static_cast<std::size_t>(length));
        while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
        if (echo_) fmt::print("{}{}\n", prompt, line);
        std::fflush(stdout);
        return line;
    }
    void remember(const std::string& line) override { lines_.push_back(line); }
    std::vector<std::string> history() const override { return lines_; }

  private:
    std::FILE* stream_;
    bool echo_;
    char* buffer_ = nullptr;
    std::size_t capacity_ = 0;
    std::vector<std::string> lines_;
};

}  // namespace

std::unique_ptr<LineSource> lines_of(std::FILE* stream, bool echo) {
    return std::make_unique<StreamLines>(stream, echo);
}

std::filesystem::path default_history_file() {
    if (const char* state = std::getenv("XDG_STATE_HOME"); state && *state)
        return std::filesystem::path(state) / "postmortem/history";
    const char* const home = std::getenv("HOME");
    return home && *home ? std::filesystem::path(home) / ".local/state/postmortem/history"
                         : std::filesystem::path();
}

}  // namespace tool::shell
