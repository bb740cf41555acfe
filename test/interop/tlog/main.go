// Checks a log's files with golang.org/x/mod/sumdb/note and tlog, and prints a line for each thing that holds.
//
//	tlogcheck LOG-VKEY WITNESS-VKEY FOLDER...
//
// Each folder holds the same log, longer each time: checkpoint, tile/..., and <index>.tlog-proof beside <index>.entry. The first
// thing that does not hold is said on the error output, and the exit status is 1.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if len(os.Args) < 4 {
		fail("usage: tlogcheck LOG-VKEY WITNESS-VKEY FOLDER...")
	}
	log, err := note.NewVerifier(os.Args[1])
	check("the log's key", err)
	keys := note.VerifierList(log, newWitness(os.Args[2]))
	var before tlog.Tree
	for _, folder := range os.Args[3:] {
		tree := open(read(folder, "checkpoint"), log.Name(), keys)
		hashes := tlog.TileHashReader(tree, tiles(folder))
		root, err := tlog.TreeHash(tree.N, hashes)
		check("the tiles", err)
		if root != tree.Hash {
			fail("the tiles: another root")
		}
		fmt.Printf("%d root\n", tree.N)
		records(folder, tree, log.Name(), keys, hashes)
		if before.N > 0 {
			proof, err := tlog.ProveTree(tree.N, before.N, hashes)
			check("the tiles", err)
			check("the tree before", tlog.CheckTree(proof, tree.N, tree.Hash, before.N, before.Hash))
			fmt.Printf("%d continues %d\n", tree.N, before.N)
		}
		before = tree
	}
}

// open reads a checkpoint by hand: tlog.ParseTree knows the header of the go.sum database alone.
func open(msg []byte, origin string, keys note.Verifiers) tlog.Tree {
	n, err := note.Open(msg, keys)
	check("the checkpoint", err)
	if len(n.Sigs) != 2 || len(n.UnverifiedSigs) != 0 {
		fail("the checkpoint: not signed by log and witness")
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[0] != origin || lines[3] != "" {
		fail("the checkpoint: not three lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check("the size", err)
	hash, err := tlog.ParseHash(lines[2])
	check("the root", err)
	return tlog.Tree{N: size, Hash: hash}
}

// records checks each entry that is laid beside its proof, by that proof and by one of Go's own from the tiles and the bundle.
func records(folder string, tree tlog.Tree, origin string, keys note.Verifiers, hashes tlog.HashReader) {
	names, err := filepath.Glob(filepath.Join(folder, "*.tlog-proof"))
	check("the proofs", err)
	for _, name := range names {
		index, err := strconv.ParseInt(strings.TrimSuffix(filepath.Base(name), ".tlog-proof"), 10, 64)
		check(name, err)
		entry := read(folder, fmt.Sprintf("%d.entry", index))
		if !bytes.Equal(entry, entryOf(folder, tree.N, index)) {
			fail("%s: another entry than in the bundle", name)
		}
		leaf := tlog.RecordHash(entry)

		head, checkpoint, _ := strings.Cut(string(read(name)), "\n\n")
		lines := strings.Split(head, "\n")
		if lines[0] != "c2sp.org/tlog-proof@v1" || lines[1] != fmt.Sprintf("index %d", index) {
			fail("%s: another head", name)
		}
		var proof tlog.RecordProof
		for _, line := range lines[2:] {
			hash, err := tlog.ParseHash(line)
			check(name, err)
			proof = append(proof, hash)
		}
		proven := open([]byte(checkpoint), origin, keys)
		check(name, tlog.CheckRecord(proof, proven.N, proven.Hash, index, leaf))

		own, err := tlog.ProveRecord(tree.N, index, hashes)
		check(name, err)
		check(name, tlog.CheckRecord(own, tree.N, tree.Hash, index, leaf))
		if fmt.Sprint(own) != fmt.Sprint(proof) {
			fail("%s: another proof than Go's", name)
		}
		fmt.Printf("%d holds %d\n", tree.N, index)
	}
}

// entryOf finds an entry in its bundle: the length, two bytes, before each.
func entryOf(folder string, size, index int64) []byte {
	tile := tlog.Tile{H: 8, L: -1, N: index / 256, W: 256}
	if left := size - tile.N*256; left < 256 {
		tile.W = int(left)
	}
	bundle := read(folder, strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1))
	for at := index % 256; ; at-- {
		length := binary.BigEndian.Uint16(bundle)
		if at == 0 {
			return bundle[2 : 2+length]
		}
		bundle = bundle[2+int(length):]
	}
}

// tiles reads the tiles of a folder, whose paths do not say their height as Go's do.
type tiles string

func (t tiles) Height() int { return 8 }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range wanted {
		one, err := os.ReadFile(filepath.Join(string(t), strings.Replace(tile.Path(), "tile/8/", "tile/", 1)))
		if err != nil {
			return nil, err
		}
		data = append(data, one)
	}
	return data, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// witness verifies cosignature/v1, a key of type 4, which note.NewVerifier does not know.
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func newWitness(vkey string) witness {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		fail("the witness's key: not three parts")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	check("the witness's key", err)
	if len(key) != 33 || key[0] != 4 {
		fail("the witness's key: not of type 4")
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	w := witness{parts[0], binary.BigEndian.Uint32(sum[:]), key[1:]}
	if parts[1] != fmt.Sprintf("%08x", w.hash) {
		fail("the witness's key: another id")
	}
	return w
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.hash }

func (w witness) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), msg)
	return ed25519.Verify(w.key, []byte(signed), sig[8:])
}

func read(path ...string) []byte {
	data, err := os.ReadFile(filepath.Join(path...))
	check("a file", err)
	return data
}

func check(what string, err error) {
	if err != nil {
		fail("%s: %v", what, err)
	}
}

func fail(format string, args ...interface{}) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}
