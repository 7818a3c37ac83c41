package storetest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// fill sets every exported field of the struct that v points to, at any depth,
// to a value that occurs nowhere else: a field that a store forgets, or mixes
// up with another, shows. It panics on a type it does not know, so that a new
// field cannot slip through.
func fill(v any) {
	f := &filler{}
	for _, l := range leaves(v) {
		f.set(l.value, l.path)
	}
}

// leaf is a field that holds a value rather than further fields.
type leaf struct {
	path  string
	value reflect.Value // addressable
}

// change gives the leaf a value that fill would not.
func (l leaf) change() { (&filler{n: 1000}).set(l.value, l.path) }

// leaves finds the leaves of the struct that v points to. Structs behind nil
// pointers are made.
func leaves(v any) []leaf {
	return walk(reflect.ValueOf(v).Elem(), "", nil)
}

func walk(v reflect.Value, path string, found []leaf) []leaf {
	switch {
	case v.Kind() == reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		return walk(v.Elem(), path, found)
	case v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[time.Time]():
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				found = walk(v.Field(i), path+"."+field.Name, found)
			}
		}
		return found
	}
	return append(found, leaf{path, v})
}

// filler counts, to make values that differ.
type filler struct{ n int }

func (f *filler) set(v reflect.Value, path string) {
	f.n++
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(epoch.Add(time.Duration(f.n)*time.Hour + time.Duration(f.n))))
		return
	}
	if v.Type() == reflect.TypeFor[json.RawMessage]() {
		v.SetBytes(fmt.Appendf(nil, `{"n":%d}`, f.n)) // as JSON writes it
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text-%d", f.n))
	case reflect.Bool:
		v.SetBool(!v.Bool()) // there is only one other value
	case reflect.Int, reflect.Int64:
		v.SetInt(1<<53 + 2*int64(f.n) + 1) // no float64 holds it
	case reflect.Float64:
		v.SetFloat(float64(f.n) + 0.1)
	case reflect.Uint8:
		v.SetUint(uint64(0xff - f.n%8)) // not UTF-8
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(1<<31 + uint64(f.n)) // no int32 holds it
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			f.setAll(v.Index(i), path)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			f.setAll(key, path)
			f.setAll(value, path)
			v.SetMapIndex(key, value)
		}
	default:
		panic(fmt.Sprintf("storetest: fill does not know %s of %s", v.Type(), path))
	}
}

func (f *filler) setAll(v reflect.Value, path string) {
	for _, l := range walk(v, path, nil) {
		f.set(l.value, l.path)
	}
}
