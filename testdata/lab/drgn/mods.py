# The modules: name, address of struct module, base, size
from drgn.helpers.linux.list import list_for_each_entry

for module in list_for_each_entry("struct module", prog["modules"].address_of_(), "list"):
    if hasattr(module, "core_layout"):
        layout = module.core_layout
    else:
        layout = module.mem[0]
    print(module.name.string_().decode(), hex(module.value_()), hex(layout.base.value_()), layout.size.value_())
