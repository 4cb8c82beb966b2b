// Every OOM event of a log of any size: skims, reads records, tells hosts apart, and hands out events.
#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <string>

#include <fmt/format.h>

#include <postmortem/oom.h>

#include "base/text.h"
#include "log/oom/oom_events.h"
#include "log/oom/oom_filter.h"
#include "log/oom/oom_lines.h"
#include "log/text/byte_stream.h"
#include "log/text/decompress.h"
#include "log/text/log_reader.h"

namespace postmortem {
namespace {

// So many lines without a word of an OOM report, and the search goes back to skimming.
constexpr std::size_t patience = 1000;
constexpr std::size_t max_hosts = 256;

}  // namespace

class OomLogReader::Impl {
  public:
    explicit Impl(std::unique_ptr<ByteStream> source)
        : Impl(std::make_unique<oom::AnchorFilter>(std::move(source))) {}

    std::optional<OomEvent> next() {
        while (ready_.empty() && !finished_) step();
        if (ready_.empty()) return std::nullopt;
        std::optional<OomEvent> event = std::move(ready_.front());
        ready_.pop_front();
        return event;
    }

    const std::optional<Error>& error() const { return reader_.error(); }
    const std::string& shape() const { return reader_.shape(); }

  private:
    // The reports of one machine. Several machines' lines may be interleaved in a collected log.
    struct Host {
        Host(Impl& owner)
            : assembler([&owner](OomEvent&& event) { owner.ready_.push_back(std::move(event)); }),
              joiner([this, &owner](const oom::Line& line) {
                  if (assembler.feed(line)) owner.idle_lines_ = 0;
              }) {}
        oom::EventAssembler assembler;
        oom::LineJoiner joiner;
    };

    explicit Impl(std::unique_ptr<oom::AnchorFilter> filter)
        : filter_(filter.get()), reader_(std::move(filter)) {}

    void step() {
        LogRecord record;
        if (!reader_.next(record)) {
            for (auto& [name, host] : hosts_) {
                host->joiner.flush();
                host->assembler.finish();
            }
            finished_ = true;
            return;
        }
        ++idle_lines_;
        filter_->set_interested(idle_lines_ < patience);
        if (!record.may_be_kernel()) return;
        if (!record.host.empty() && record.host != host_name_) host_name_ = std::string(record.host);
        host(host_name_).joiner.feed(record, filter_->original_line(record.line));
    }

    // Lines without a host (continuations, consoles) belong to the host that spoke last.
    Host& host(const std::string& name) {
        const auto found = hosts_.find(name);
        if (found != hosts_.end()) return *found->second;
        if (hosts_.size() >= max_hosts) return *hosts_.begin()->second;
        return *hosts_.emplace(name, std::make_unique<Host>(*this)).first->second;
    }

    oom::AnchorFilter* filter_;  // owned by the reader
    LogReader reader_;
    std::map<std::string, std::unique_ptr<Host>> hosts_;
    std::string host_name_;
    std::deque<OomEvent> ready_;
    std::size_t idle_lines_ = 0;
    bool finished_ = false;
};

namespace {

// Hands out what was read ahead, then the rest. That there was nothing but zeros, as where writing was
// interrupted, is told at the end.
class Replayed : public ByteStream {
  public:
    Replayed(std::vector<std::byte> head, std::unique_ptr<ByteStream> rest)
        : head_(std::move(head)), rest_(std::move(rest)) {}

    Result<std::size_t> read(MutableBytes into) override {
        const auto length = more(into);
        if (!length || into.empty()) return length;
        if (*length == 0 && only_zeros_ && !is_empty_)
            return fail(ErrorCode::Unsupported, "this holds nothing but zeros, and is no log");
        is_empty_ = is_empty_ && *length == 0;
        only_zeros_ = only_zeros_ && is_zero(into.first(*length));
        return length;
    }

  private:
    Result<std::size_t> more(MutableBytes into) {
        if (at_ == head_.size()) return rest_->read(into);
        const std::size_t length = std::min(into.size(), head_.size() - at_);
        std::copy_n(head_.begin() + static_cast<std::ptrdiff_t>(at_), length, into.begin());
        at_ += length;
        return length;
    }
    static bool is_zero(Bytes bytes) {
        return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; });
    }

    bool is_empty_ = true, only_zeros_ = true;
    std::vector<std::byte> head_;
    std::size_t at_ = 0;
    std::unique_ptr<ByteStream> rest_;
};

// What is certainly no log, however it is packed.
bool is_dump(std::string_view head) {
    static constexpr std::array<std::string_view, 5> magics = {"KDUMP   ", "DISKDUMP", "makedumpfile",
                                                               "\x7f"
                                                               "ELF",
                                                               "PAGEDU"};
    return std::any_of(magics.begin(), magics.end(),
                       [&](std::string_view magic) { return head.starts_with(magic); });
}

}  // namespace

Result<OomLogReader> OomLogReader::open(const std::filesystem::path& path) {
    auto file = open_byte_stream(path);
    if (!file) return fail(file.error());
    auto source = decompressed(std::move(*file));
    std::vector<std::byte> head(4096);
    std::size_t filled = 0;
    while (filled < head.size()) {
        const auto length = source->read(MutableBytes(head).subspan(filled));
        if (!length && filled == 0) return fail(length.error());
        if (!length || *length == 0) break;
        filled += *length;
    }
    head.resize(filled);
    if (is_dump(as_text(head)))
        return fail(ErrorCode::Unsupported,
                    fmt::format("{}: a program or a dump, not a log; a packed dump must be unpacked first",
                                path.string()));
    return OomLogReader(std::make_unique<Replayed>(std::move(head), std::move(source)));
}

OomLogReader::OomLogReader(std::unique_ptr<ByteStream> source)
    : impl_(std::make_unique<Impl>(std::move(source))) {}
OomLogReader::OomLogReader(std::string_view text) : OomLogReader(byte_stream_of(as_bytes(text))) {}
OomLogReader::OomLogReader(OomLogReader&&) noexcept = default;
OomLogReader& OomLogReader::operator=(OomLogReader&&) noexcept = default;
OomLogReader::~OomLogReader() = default;

std::optional<OomEvent> OomLogReader::next() {
    return impl_->next();
}

const std::string& OomLogReader::shape() const {
    return impl_->shape();
}

const std::optional<Error>& OomLogReader::error() const {
    return impl_->error();
}

std::vector<OomEvent> find_oom_events(std::string_view log) {
    std::vector<OomEvent> events;
    OomLogReader reader(log);
    while (auto event = reader.next()) events.push_back(std::move(*event));
    std::stable_sort(events.begin(), events.end(),
                     [](const OomEvent& a, const OomEvent& b) { return a.line < b.line; });
    return events;
}

}  // namespace postmortem
