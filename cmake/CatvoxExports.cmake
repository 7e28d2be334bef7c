# What a shared catvox exports beyond its own: nothing. Hidden visibility hides what is not marked CATVOX_EXPORT; what the
# standard library's templates leave behind in it, which are weak symbols of everybody's, only the linker can.
get_target_property(catvox_type catvox TYPE)
if(catvox_type STREQUAL "SHARED_LIBRARY" AND UNIX AND NOT APPLE)
  set(catvox_exports "${CMAKE_CURRENT_LIST_DIR}/catvox.map")
  target_link_options(catvox PRIVATE "LINKER:--version-script=${catvox_exports}")
  set_target_properties(catvox PROPERTIES LINK_DEPENDS "${catvox_exports}")
endif()
