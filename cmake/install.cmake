# What `cmake --install` puts down: the program, the public headers, both libraries, and a package
# that find_package(thalweg) finds.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(THALWEG_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/thalweg)

if(TARGET thalweg)
  install(TARGETS thalweg RUNTIME)
endif()
install(TARGETS thalweg_static ARCHIVE)
install(TARGETS thalweg_shared EXPORT thalweg LIBRARY)
install(DIRECTORY include/thalweg DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING
        PATTERN *.h)
install(EXPORT thalweg NAMESPACE thalweg:: DESTINATION ${THALWEG_PACKAGE_DIR}
        FILE thalweg-targets.cmake)

configure_package_config_file(cmake/thalweg-config.cmake.in thalweg-config.cmake
                              INSTALL_DESTINATION ${THALWEG_PACKAGE_DIR}
                              PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
# Below 1.0 anything may change between minor versions.
write_basic_package_version_file(thalweg-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/thalweg-config.cmake
              ${CMAKE_BINARY_DIR}/thalweg-config-version.cmake
        DESTINATION ${THALWEG_PACKAGE_DIR})
