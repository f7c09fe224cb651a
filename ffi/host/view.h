/* Between child.c and view.c. */
#ifndef NUSE_VIEW_H
#define NUSE_VIEW_H

int view_network(const char *link, int door);

#endif
