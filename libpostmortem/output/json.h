// Answers as JSON, by their descriptions. Text from the dump is escaped so that it is valid UTF-8.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <postmortem/problem.h>

#include "output/describe.h"

namespace postmortem {

/// Writes JSON behind what `out` holds.
class JsonWriter final : public Sink {
  public:
    enum class Style : std::uint8_t {
        Indented,  ///< by two blanks a level
        OneLine,
        Lines,    ///< each field on one line, but for documents within it
        Records,  ///< of one list the items alone, each on one line
    };
    explicit JsonWriter(std::string& out, Style style, unsigned level = 0) : out_(out) {
        frames_.push_back({style, level});
    }

    void null() override { word("null"); }
    void boolean(bool value) override { word(value ? "true" : "false"); }
    void integer(std::int64_t value) override;
    void natural(std::uint64_t value) override;
    void number(double value) override;
    void address(std::uint64_t value) override;
    void text(std::string_view value) override;
    void begin_list() override;
    void end_list() override { close(']'); }
    void begin_object(const Description* description) override;
    void end_object() override { close('}'); }
    void key(std::string_view name) override;

    /// As if an object had begun and had fields already.
    void resume_object();

  private:
    struct Frame {
        Style style;
        unsigned level;
        bool first = true;  // nothing stands in it yet
    };

    void begin_value();
    void new_line(unsigned level);
    void word(std::string_view text);
    void quoted(std::string_view text);
    void open(char bracket, Style style);
    void close(char bracket);

    std::string& out_;
    std::vector<Frame> frames_;
    bool in_place_ = true;  // the next value stands where it must, behind its name
};

/// The whole document, laid out as its description says.
std::string json_document(const Description& description, const void* answer);
/// An object on one line, without a new line behind it.
std::string json_line(const Description& description, const void* object);

/// A document whose first field is a long list, piece by piece: each item; then what stands behind the list,
/// of an answer whose own list may be empty.
void append_json_item(std::string& out, const Description& description, const void* item, bool first);
void append_json_end(std::string& out, const Description& description, const void* rest, bool no_items);

/// The list that the document is about, an item a line.
std::string ndjson_lines(const Description& description, const void* answer);

template <class S>
std::string json_document(const S& answer) {
    return json_document(description<S>(), &answer);
}
template <class S>
std::string ndjson_lines(const S& answer) {
    return ndjson_lines(description<S>(), &answer);
}

void describe(Describer<Error>& problem);
template <class S>
void add_problems(Describer<S>& answer) {
    answer.add("problems", &S::problems, "what is missing, and why; empty where the answer is whole");
}

}  // namespace postmortem
