# placeholder, filled by packaging
