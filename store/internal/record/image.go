package record

import (
	"encoding/json"

	"glovebox"
)

// Image returns the record of an image, and the image as it will be read back.
func Image(img glovebox.Image) (glovebox.Image, []byte, error) {
	if err := checkTenant(img.Tenant); err != nil {
		return glovebox.Image{}, nil, err
	}
	if img.Name == "" {
		return glovebox.Image{}, nil, glovebox.Errorf(glovebox.KindInvalid, "an image needs a name").On("name")
	}
	img.Created = img.Created.UTC()
	body, err := json.Marshal(img)
	if err != nil {
		return glovebox.Image{}, nil, glovebox.Errorf(glovebox.KindInvalid, "image %s cannot be written down: %w", img.Name, err)
	}
	stored, err := ParseImage(body)
	return stored, body, err
}

// ParseImage reads a record made by Image.
func ParseImage(body []byte) (glovebox.Image, error) {
	var img glovebox.Image
	if err := json.Unmarshal(body, &img); err != nil {
		return glovebox.Image{}, glovebox.Errorf(glovebox.KindUnavailable, "a stored image cannot be read: %w", err).
			Try("the data is damaged, or was written by a newer glovebox; restore a backup or upgrade")
	}
	return img, nil
}
