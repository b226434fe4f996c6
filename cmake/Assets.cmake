# The app's files become part of the program: one assembler directive per file of web/build, and a
# table of them. Without web/build the table is empty, and pages say so. So do the guide's pages, under
# /guide.
#   cairn_embed_assets(<target> <folder> <folder of the guide>)
function(cairn_embed_assets target folder guide)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS "${folder}/*")
  list(FILTER files EXCLUDE REGEX "\\.map$|\\.map\\.(br|gz)$|/\\.stamp$")
  set(paths "")
  foreach(file IN LISTS files)
    file(RELATIVE_PATH path "${folder}" "${file}")
    list(APPEND paths "/${path}")
  endforeach()
  file(GLOB chapters CONFIGURE_DEPENDS "${guide}/*.md")
  list(APPEND files ${chapters})
  foreach(file IN LISTS chapters)
    get_filename_component(name "${file}" NAME)
    list(APPEND paths "/guide/${name}")
  endforeach()
  list(SORT paths COMPARE STRING)
  set(data "")
  set(table "")
  set(number 0)
  foreach(path IN LISTS paths)
    set(file "${folder}${path}")
    if(path MATCHES "^/guide/(.*)$")
      set(file "${guide}/${CMAKE_MATCH_1}")
    endif()
    # ccache does not keep what .incbin reads, so a changed file is never missed.
    string(APPEND data "asm(\".section .rodata\\n.balign 16\\ncairn_asset_${number}:\\n"
                       ".incbin \\\"${file}\\\"\\ncairn_asset_${number}_end:\\n.byte 0\\n.previous\\n\");\n"
                       "extern \"C\" const char cairn_asset_${number}[];\n"
                       "extern \"C\" const char cairn_asset_${number}_end[];\n")
    string(APPEND table "    {\"${path}\", cairn_asset_${number}, cairn_asset_${number}_end},\n")
    math(EXPR number "${number} + 1")
  endforeach()
  set(source "${CMAKE_BINARY_DIR}/generated/assets_table.cpp")
  string(CONCAT text "// Written by cmake/Assets.cmake.\n#include \"pages/assets_table.h\"\n\n#include <vector>\n\n${data}\n"
           "namespace cairn::pages {\nstd::span<const EmbeddedFile> embedded_files() {\n"
           "  static const std::vector<EmbeddedFile> files = {\n${table}  };\n  return files;\n}\n}  // namespace cairn::pages\n")
  file(CONFIGURE OUTPUT "${source}" CONTENT "${text}" @ONLY)
  set_source_files_properties("${source}" PROPERTIES OBJECT_DEPENDS "${files}" SKIP_PRECOMPILE_HEADERS ON)
  target_sources(${target} PRIVATE "${source}")
endfunction()
