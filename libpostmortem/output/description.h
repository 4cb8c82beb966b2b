// What is known of an answer without having it: its fields, their types and meanings. Visitors make of it
// JSON (json.h), JSON Schema and the tables of docs/json.md (schema.cpp, field_tables.cpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postmortem {

class Description;

/// Is told the values of an answer one after the other.
class Sink {
  public:
    virtual ~Sink() = default;
    virtual void null() = 0;
    virtual void boolean(bool value) = 0;
    virtual void integer(std::int64_t value) = 0;
    virtual void natural(std::uint64_t value) = 0;
    virtual void number(double value) = 0;
    virtual void address(std::uint64_t value) = 0;
    virtual void text(std::string_view value) = 0;  ///< untrusted
    virtual void begin_list() = 0;
    virtual void end_list() = 0;
    virtual void begin_object(const Description* description) = 0;  ///< null for a map
    virtual void end_object() = 0;
    virtual void key(std::string_view name) = 0;  ///< of the value that follows; untrusted
};

enum class AnswerKind : std::uint8_t {
    Boolean,
    Integer,
    Number,
    Text,
    Address,  ///< told as "0x…": JSON's numbers lose bits above 2^53
    Word,     ///< one of a fixed list
    List,
    Map,  ///< of names that the kernel gives
    Object,
};

/// What there is to know of a value without having it, and how one is told.
struct AnswerType {
    AnswerKind kind = AnswerKind::Object;
    bool nullable = false;
    std::vector<AnswerType> element;      ///< one, of a List or a Map
    const Description* object = nullptr;  ///< of an Object
    std::vector<std::string> words;       ///< of a Word: all there are
    void (*tell)(const AnswerType& type, const void* value, Sink& sink) = nullptr;
    bool (*empty)(const void* value) = nullptr;  ///< absent, "", 0, []

    AnswerType& innermost() { return element.empty() ? *this : element.front().innermost(); }
};

enum class WhenAbsent : std::uint8_t { Told, Null, LeftOut };

struct AnswerField {
    std::string_view name;  ///< with its unit; empty where the object's fields stand among those around it
    std::string_view meaning;
    AnswerType type;
    bool is_answer = false;  ///< the list that the document is about: NDJSON has its items
    WhenAbsent if_empty = WhenAbsent::Told;
    WhenAbsent otherwise = WhenAbsent::Null;  ///< where `holds` does not
    bool (*holds)(const void* object) = nullptr;
    void (*compute)(const AnswerField& field, const void* object, Sink& sink) = nullptr;
    void (*function)() = nullptr;  ///< that `compute` calls, in the disguise of another type
    std::size_t offset = 0;        ///< of the member, where nothing is computed

    void tell(const void* object, Sink& sink) const;
    void tell_value(const void* value, Sink& sink) const;  ///< for `compute`
    bool may_be_null() const;
    bool may_be_left_out() const;
};

/// How a document is laid out as JSON.
enum class Layout : std::uint8_t {
    Part,    ///< as what it is part of
    Pretty,  ///< indented by two blanks
    Lines,   ///< each of its fields on one line, documents within it pretty
};

/// A struct's fields, in the order in which they are told.
class Description {
  public:
    std::string_view name;     ///< of what readers of several documents meet; empty for what has no name
    std::string_view meaning;  ///< one sentence
    Layout layout = Layout::Part;
    std::vector<AnswerField> fields;
    std::vector<std::unique_ptr<const Description>> groups;  ///< that fields refer to

    void tell(const void* object, Sink& sink) const;  ///< without the braces around it
    const AnswerField* answer() const;                ///< null where the document is not about a list
};

}  // namespace postmortem
