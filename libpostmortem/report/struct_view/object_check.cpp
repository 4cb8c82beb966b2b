#include "report/struct_view/object_check.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/checked.h"
#include "base/text.h"
#include "kernel/lists.h"

namespace postmortem {
namespace {

constexpr std::size_t longest_name_of_cache = 128;
constexpr unsigned deepest_member = 32;

std::string cache_name(const Kernel& kernel, std::uint64_t cache) {
    return kernel.object("kmem_cache", cache)["name"].string(longest_name_of_cache).value_or("");
}

// Of structs whose caches are named otherwise.
struct NamedCache {
    std::string_view struct_name, cache;
    std::vector<std::string_view> kin;
};

// A file system's own inodes hold the kernel's, each in a cache of its own.
const NamedCache named_caches[] = {
    {"file", "filp", {"filp"}},
    {"inode", "inode_cache", {"inode", "znode", "jffs2_i", "bdev_cache", "dax_cache"}},
    {"cred", "cred_jar", {}},
    {"mount", "mnt_cache", {}},
    {"net", "net_namespace", {}},
    {"files_struct", "files_cache", {}},
    {"fs_struct", "fs_cache", {}},
    {"signal_struct", "signal_cache", {}},
    {"sighand_struct", "sighand_cache", {}},
    {"sk_buff", "skbuff_head_cache", {"skbuff"}},
};

// KMEM_CACHE() names caches after their structs (include/linux/slab.h).
bool has_own_cache(const Kernel& kernel, const std::string& name) {
    const auto head = kernel.symbol("slab_caches");
    const auto link = kernel.types().offset_of("kmem_cache", "list");
    bool found = false;
    if (head && link)
        (void)for_each_list_node(kernel.memory(), *head, [&](std::uint64_t node) {
            found = cache_name(kernel, node - *link) == name;
            return !found;
        });
    return found;
}

Error no_voucher(std::string_view struct_name, const std::string& what, std::uint64_t address) {
    return Error(ErrorCode::InvalidArgument,
                 fmt::format("nothing vouches for {} here: the address {}", with_article(struct_name), what),
                 address);
}

// What is in the caches of a name, where the name tells it.
std::string_view struct_in_cache(std::string_view cache) {
    for (const NamedCache& named : named_caches)
        if (named.cache == cache) return named.struct_name;
    return cache;
}

// Caches of one size are often merged, and have the name of the first.
bool holds_one_kind(const Kernel& kernel, std::uint64_t cache) {
    return kernel.object("kmem_cache", cache)["refcount"].u64_or(0) == 1;
}

std::uint64_t bytes_of(const TypeFinder& types, TypeId id) {
    const Type& type = types.get(id);
    if (type.kind != TypeKind::Array) return type.byte_size;
    return checked_mul(type.count, types.get(type.target).byte_size).value_or(0);
}

// Whether a struct of this name lies so far into a type; nothing where the type does not tell.
std::optional<bool> has_struct_at(const TypeFinder& types, TypeId id, std::uint64_t offset,
                                  std::string_view name, unsigned depth = 0) {
    const Type& type = types.get(id);
    if (offset == 0 && type.name == name) return true;
    if (depth > deepest_member) return std::nullopt;
    if (type.kind == TypeKind::Array) {
        const std::uint64_t size = types.get(type.target).byte_size;
        if (size == 0) return std::nullopt;
        return has_struct_at(types, type.target, offset % size, name, depth + 1);
    }
    if (type.kind != TypeKind::Struct && type.kind != TypeKind::Union) return false;
    bool none_has = false, unknown = false;
    for (const Member& member : type.members) {
        const std::uint64_t begin = member.bit_offset / 8, size = bytes_of(types, member.type);
        if (offset < begin || offset - begin >= std::max<std::uint64_t>(size, 1)) continue;
        const auto inner = has_struct_at(types, member.type, offset - begin, name, depth + 1);
        if (inner.value_or(false)) return true;
        none_has = none_has || inner.has_value();
        unknown = unknown || !inner;
    }
    return none_has && !unknown ? std::optional(false) : std::nullopt;
}

}  // namespace

ObjectCheck::ObjectCheck(const Kernel& kernel, std::string_view struct_name)
    : kernel_(kernel), name_(struct_name), cache_(struct_name) {
    for (const NamedCache& named : named_caches)
        if (named.struct_name == name_) {
            cache_ = named.cache;
            kin_ = named.kin;
        }
    if (!has_own_cache(kernel, cache_)) return;
    if (auto objects = SlabObjects::open(kernel)) objects_.emplace(std::move(*objects));
}

std::optional<Error> ObjectCheck::doubt(std::uint64_t address) const {
    const auto because = [&](const std::string& what) { return no_voucher(name_, what, address); };
    if (!objects_) return std::nullopt;
    const auto slab = objects_->slab_at(address);
    // What is in no slab may be a variable, or on a stack.
    if (!slab || !*slab) return std::nullopt;
    const std::string cache = cache_name(kernel_, (*slab)->cache);
    const auto found = objects_->object_at(**slab, address);
    if (cache.empty() || !found || !*found) return std::nullopt;
    const SlabObject& object = **found;
    // Caches of its kind ("pid_2" of a namespace), and those that anything may be copied to or merged into.
    const bool is_kin =
        std::any_of(kin_.begin(), kin_.end(), [&](std::string_view part) { return contains(cache, part); });
    const bool may_hold_it =
        is_kin || cache.starts_with(cache_) || cache.starts_with("kmalloc") || cache.starts_with(':');
    if (cache != cache_) {
        if (may_hold_it) return std::nullopt;
        return because(fmt::format("lies in an object of the cache {}", cache));
    }
    if (object.address != address)
        return because(fmt::format("lies {} bytes behind the start of the one at {:x}",
                                   address - object.address, object.address));
    if (object.is_free()) return because("is that of an object that is free");
    return std::nullopt;
}

std::optional<Error> doubt_of_member(const Kernel& kernel, std::string_view struct_name,
                                     std::uint64_t address) {
    const auto objects = SlabObjects::open(kernel);
    const auto slab = objects ? objects->slab_at(address) : fail(objects.error());
    if (!slab || !*slab || !holds_one_kind(kernel, (*slab)->cache)) return std::nullopt;
    const auto object = objects->object_at(**slab, address);
    const std::string cache = cache_name(kernel, (*slab)->cache);
    const std::string_view holder = struct_in_cache(cache);
    const auto type = kernel.types().find_struct(holder);
    if (!object || !*object || !type) return std::nullopt;
    const std::uint64_t offset = address - (*object)->address;
    if (has_struct_at(kernel.types(), *type, offset, struct_name).value_or(true)) return std::nullopt;
    return no_voucher(struct_name,
                      fmt::format("lies {} bytes behind the start of {}, which has none there", offset,
                                  with_article(holder)),
                      address);
}

}  // namespace postmortem
