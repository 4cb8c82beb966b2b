// Each struct of an answer is described once, beside its maker: the names of its fields in JSON, where their
// values come from and what they mean. What is not described is not printed; what is described is in the
// JSON, its schema and its documentation.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "output/description.h"

namespace postmortem {

template <class S>
class Describer;

/// The description of `S`, which describe(Describer<S>&) makes.
template <class S>
const Description& description();

namespace describing {

template <class T>
struct Absentable {
    static constexpr bool value = false;
};
template <class T>
struct Absentable<std::optional<T>> {
    static constexpr bool value = true;
    using Inner = T;
};
template <class T>
struct Absentable<const T*> {
    static constexpr bool value = true;
    using Inner = T;
};

template <class T>
concept Textual = std::is_convertible_v<const T&, std::string_view>;
template <class T>
concept Listed = !Textual<T> && requires(const T& list) {
    list.begin();
    list.end();
    list.empty();
};
template <class T>
concept Object = std::is_class_v<T> && !Textual<T> && !Listed<T> && !Absentable<T>::value;

template <Listed T>
using Item = std::remove_cvref_t<decltype(*std::declval<const T&>().begin())>;

template <class T>
void tell(const AnswerType& type, const void* value, Sink& sink) {
    const T& it = *static_cast<const T*>(value);
    if constexpr (Absentable<T>::value) {
        if (it)
            tell<typename Absentable<T>::Inner>(type, &*it, sink);
        else
            sink.null();
    } else if constexpr (std::is_same_v<T, bool>) {
        sink.boolean(it);
    } else if constexpr (std::is_enum_v<T>) {
        const auto index = static_cast<std::size_t>(it);
        sink.text(index < type.words.size() ? std::string_view(type.words[index]) : std::string_view());
    } else if constexpr (std::is_floating_point_v<T>) {
        sink.number(it);
    } else if constexpr (std::is_unsigned_v<T>) {
        type.kind == AnswerKind::Address ? sink.address(it) : sink.natural(it);
    } else if constexpr (std::is_signed_v<T>) {
        sink.integer(it);
    } else if constexpr (Textual<T>) {
        sink.text(it);
    } else if constexpr (Listed<T>) {
        sink.begin_list();
        for (const auto& item : it) tell<Item<T>>(type.element.front(), &item, sink);
        sink.end_list();
    } else {
        sink.begin_object(type.object);
        type.object->tell(&it, sink);
        sink.end_object();
    }
}

template <class T>
bool empty(const void* value) {
    const T& it = *static_cast<const T*>(value);
    if constexpr (Absentable<T>::value)
        return !it;
    else if constexpr (Textual<T>)
        return std::string_view(it).empty();
    else if constexpr (Listed<T>)
        return it.empty();
    else if constexpr (Object<T>)
        return false;
    else
        return it == T{};
}

template <class T>
AnswerType type_of() {
    AnswerType type;
    if constexpr (Absentable<T>::value) {
        type = type_of<typename Absentable<T>::Inner>();
        type.nullable = true;
    } else if constexpr (std::is_same_v<T, bool>) {
        type.kind = AnswerKind::Boolean;
    } else if constexpr (std::is_enum_v<T>) {
        type.kind = AnswerKind::Word;
    } else if constexpr (std::is_arithmetic_v<T>) {
        type.kind = std::is_floating_point_v<T> ? AnswerKind::Number : AnswerKind::Integer;
    } else if constexpr (Textual<T>) {
        type.kind = AnswerKind::Text;
    } else if constexpr (Listed<T>) {
        type.kind = AnswerKind::List;
        type.element.push_back(type_of<Item<T>>());
        if (std::is_pointer_v<Item<T>>) type.element.back().nullable = false;
    } else {
        type.object = &description<T>();
    }
    type.tell = tell<T>;
    type.empty = empty<T>;
    return type;
}

// A list of names and values: pairs, or structs of a name and a value.
template <class T>
const auto& name_of(const T& entry) {
    if constexpr (requires { entry.first; })
        return entry.first;
    else
        return entry.name;
}
template <class T>
const auto& value_of(const T& entry) {
    if constexpr (requires { entry.first; })
        return entry.second;
    else
        return entry.value;
}

/// Tells a map whose names may repeat: the last value of a name stands in the place of the first.
void tell_map(const AnswerType& type, const std::vector<std::string_view>& names,
              const std::vector<const void*>& values, Sink& sink);

template <class T>
void tell_as_map(const AnswerType& type, const void* value, Sink& sink) {
    const T& list = *static_cast<const T*>(value);
    std::vector<std::string_view> names;
    std::vector<const void*> values;
    names.reserve(list.size());
    values.reserve(list.size());
    for (const auto& entry : list) {
        names.push_back(name_of(entry));
        values.push_back(&value_of(entry));
    }
    tell_map(type, names, values, sink);
}

template <class S, class M>
std::size_t offset_of(M S::*member) {
    alignas(S) static const std::byte room[sizeof(S)] = {};
    const S& object = *reinterpret_cast<const S*>(room);
    return static_cast<std::size_t>(reinterpret_cast<const std::byte*>(&(object.*member)) - room);
}

template <class S, class F>
using Returned = std::remove_cvref_t<decltype(std::declval<F>()(std::declval<const S&>()))>;

// `F` is a lambda without captures or a pointer to a function.
template <class S, class F>
void compute(const AnswerField& field, const void* object, Sink& sink) {
    const S& whole = *static_cast<const S*>(object);
    if constexpr (std::is_empty_v<F>) {
        const auto& value = F{}(whole);
        field.tell_value(&value, sink);
    } else {
        const auto& value = reinterpret_cast<F>(field.function)(whole);
        field.tell_value(&value, sink);
    }
}

}  // namespace describing

/// What can be said of a field beside its name, value and meaning.
template <class S>
class FieldOf {
  public:
    explicit FieldOf(AnswerField& field) : field_(field) {}

    FieldOf& address() { return kind(AnswerKind::Address); }
    /// An empty text, a zero, an absent value is null. Absent values are that anyway.
    FieldOf& or_null() { return if_empty(WhenAbsent::Null); }
    FieldOf& or_left_out() { return if_empty(WhenAbsent::LeftOut); }
    /// A text that is one of these, or the words of an enumeration in its order.
    FieldOf& one_of(std::initializer_list<std::string_view> words) {
        field_.type.innermost().words.assign(words.begin(), words.end());
        return kind(AnswerKind::Word);
    }
    /// Null unless the condition holds.
    template <class F>
    requires std::is_empty_v<F> FieldOf& only_if(F) {
        field_.holds = [](const void* object) { return bool(F{}(*static_cast<const S*>(object))); };
        return *this;
    }
    template <class F>
    FieldOf& left_out_unless(F condition) {
        field_.otherwise = WhenAbsent::LeftOut;
        return only_if(condition);
    }
    /// Another description of the same struct than its usual one.
    FieldOf& as(const Description& other) {
        field_.type.innermost().object = &other;
        return *this;
    }
    /// The document is about this list.
    FieldOf& answer() {
        field_.is_answer = true;
        return *this;
    }

  private:
    FieldOf& kind(AnswerKind kind) {
        field_.type.innermost().kind = kind;
        return *this;
    }
    FieldOf& if_empty(WhenAbsent what) {
        field_.if_empty = what;
        return *this;
    }

    AnswerField& field_;
};

/// Writes the description of `S`. Where a value comes from is a member, or a function of the whole object.
template <class S>
class Describer {
  public:
    explicit Describer(Description& made) : made_(made) {}

    /// What other documents call it, too.
    Describer& is(std::string_view name, std::string_view meaning) {
        made_.name = name;
        made_.meaning = meaning;
        return *this;
    }
    /// It is an answer of its own.
    void is_document(Layout layout = Layout::Pretty) { made_.layout = layout; }

    template <class M>
    FieldOf<S> add(std::string_view name, M S::*member, std::string_view meaning) {
        return put(name, meaning, describing::type_of<M>(), describing::offset_of(member));
    }
    template <class F>
    requires requires(F get, const S& object) { get(object); }
    FieldOf<S> add(std::string_view name, F get, std::string_view meaning) {
        return computed(name, get, meaning, describing::type_of<describing::Returned<S, F>>());
    }

    /// An enumeration, whose words to_string() gives, up to `last`.
    template <class E, class Get>
    FieldOf<S> word(std::string_view name, Get get, E last, std::string_view meaning) {
        FieldOf<S> made = add(name, get, meaning);
        for (int value = 0; value <= static_cast<int>(last); ++value)
            made_.fields.back().type.words.emplace_back(to_string(static_cast<E>(value)));
        return made;
    }

    /// A list of names and values that becomes an object with those names.
    template <class M>
    FieldOf<S> map(std::string_view name, M S::*member, std::string_view meaning) {
        return put(name, meaning, map_type<M>(), describing::offset_of(member));
    }
    template <class F>
    requires requires(F get, const S& object) { get(object); }
    FieldOf<S> map(std::string_view name, F get, std::string_view meaning) {
        return computed(name, get, meaning, map_type<describing::Returned<S, F>>());
    }

    /// Fields of the same struct that JSON has in an object of their own.
    FieldOf<S> group(std::string_view name, void (*describe_group)(Describer<S>&), std::string_view meaning) {
        auto group = std::make_unique<Description>();
        Describer<S> describer(*group);
        describe_group(describer);
        AnswerType type;
        type.tell = describing::tell<S>;
        type.empty = describing::empty<S>;
        type.object = group.get();
        made_.groups.push_back(std::move(group));
        return put(name, meaning, std::move(type), 0);
    }

    /// All fields of another object, among those of this one.
    template <class F>
    requires describing::Object<describing::Returned<S, F>> FieldOf<S> splice(F get) {
        return add("", get, "");
    }

  private:
    template <class T>
    static AnswerType map_type() {
        AnswerType type;
        type.kind = AnswerKind::Map;
        using Value =
            std::remove_cvref_t<decltype(describing::value_of(std::declval<describing::Item<T>>()))>;
        type.element.push_back(describing::type_of<Value>());
        type.tell = describing::tell_as_map<T>;
        type.empty = describing::empty<T>;
        return type;
    }
    FieldOf<S> put(std::string_view name, std::string_view meaning, AnswerType type, std::size_t offset) {
        AnswerField& field = made_.fields.emplace_back();
        field.name = name;
        field.meaning = meaning;
        field.type = std::move(type);
        field.offset = offset;
        return FieldOf<S>(field);
    }
    template <class F>
    FieldOf<S> computed(std::string_view name, F get, std::string_view meaning, AnswerType type) {
        FieldOf<S> made = put(name, meaning, std::move(type), 0);
        AnswerField& field = made_.fields.back();
        field.compute = describing::compute<S, F>;
        if constexpr (!std::is_empty_v<F>) field.function = reinterpret_cast<void (*)()>(get);
        return made;
    }

    Description& made_;
};

/// A description of its own of a struct that has another.
template <class S>
Description described_by(void (*describe_it)(Describer<S>&)) {
    Description made;
    Describer<S> describer(made);
    describe_it(describer);
    return made;
}

template <class S>
const Description& description() {
    static const Description made = [] {
        Description fresh;
        Describer<S> describer(fresh);
        describe(describer);
        return fresh;
    }();
    return made;
}

}  // namespace postmortem
