// Package erofs writes a tree of files as one EROFS file, the read-only file
// system that gVisor can use as a sandbox's root without a file server beside
// it. The tree is an unpacked image and so hostile: no link of it is followed,
// nothing but its regular files is opened, and what it may cost is bounded.
//
// Of all that EROFS can do, the file uses what both gVisor and Linux read:
// blocks of 4 KiB, nothing compressed, 64-byte inodes. The content of a
// regular file begins at a block of its own and is in one piece, because
// gVisor maps it into jobs from there; folders and links end beside their
// inodes. Blocks of zeros that were holes stay holes.
//
//	block 0     superblock
//	block 1...  inodes, in the order of the walk, each with its short data
//	then        folders and links that are longer
//	then        regular files
//
// The same tree gives the same bytes. Two things of a tree are left out:
//
//   - Devices. Jobs cannot use those of an image, and gVisor takes every
//     character device of an EROFS file for the mark of a deleted file.
//   - Extended attributes. gVisor refuses every inode that has one. What they
//     could grant, such as file capabilities, no_new_privs denies anyway.
package erofs
