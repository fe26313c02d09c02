// All English words that the scripts write.

export const ui = {
  title: "Mungpy – the dog that looks like you", otherLanguage: "한국어", steps: "Steps", home: "Mungpy, start page",
  checking: "Looking for your face", checkGood: "We can see you well", checkHint: "Good, but it could be better", checkChoose: "Which of these faces is you?",
  chooseHint: "Tap your face.", faceNumber: (n, all) => `Face ${n} of ${all}`, photoAlt: (n) => `Your photo ${n}`, photoNumber: (n) => `Photo ${n}`,
  addPhoto: "Add a photo", removePhoto: (n) => `Remove photo ${n}`, otherPhoto: "Choose another photo", goOn: "Next", retry: "Try again",
  whySeveral: "Up to three photos from different days make the answer steadier. Smile and light change from day to day, your face does not.",
  badLeftOut: "Photos that cannot be used are left out.",
  unreadable: (name) => `This browser cannot read ${name ? `“${name}”` : "this file"}. Save it as JPEG or PNG and choose it again.`,
  heic: "This browser cannot read HEIC photos from an iPhone. Save the photo as JPEG, or choose a screenshot of it.", notPhoto: (name) => `“${name}” is not a photo. Please choose a photo.`, tooMany: "You can choose up to three photos. We use the first three.",
  busy: (s) => `The server is busy right now. Trying again by itself in ${s} ${s === 1 ? "second" : "seconds"}.`, busyNow: "Trying again now.",
  questions: "What are you like?", questionsLead: "Dogs with a temperament like yours come first. You can skip this.", either: "Either", regionLabel: "Where should we look?", anywhere: "Anywhere", all: (name) => `All of ${name}`,
  find: "Find my dog", skip: "Skip", questionsFailed: "The questions could not be loaded. You can search without them.",
  axis: { sociability: "Meeting new people", sensitivity: "When little things go wrong", dependence: "In hard times", curiosity: "Seeing something new", energy: "On a day off", closeness: "With people I love" }, axisOther: "More like me",
  searching: "Looking for your dog", searchingLead: "Measuring eyes, nose and mouth.",
  dogHead: (name) => `${name ?? "This dog"} looks like you`, dogHeadWeak: (name) => `${name ?? "This dog"} is a close match`,
  found: (name, score) => `Found your dog${name ? `: ${name}` : ""}. ${score}`, you: "You", thisDog: "This dog",
  faceAltYou: "Your face", faceAltDog: (name) => (name ? `The face of ${name}, a dog` : "The dog’s face"), photoMissing: "The photo could not be loaded",
  score: (n) => `Closer than ${n} of 100 pairs of a person and a dog`, scoreLow: "Many pairs are as alike as you two.",
  whyAlike: "What you share", compared: "You are compared with other people, the dog with other dogs.", numbers: "See the numbers", numbersLead: "How far each is from the average (0), in standard deviations.", part: "What", person: "You", dog: "Dog",
  agreed: (a, c) => `Temperament: ${a} of ${c} ${c === 1 ? "answer" : "answers"} that can be compared ${a === 1 ? "fits" : "fit"} this dog.`, agreedUnknown: "This dog’s temperament is not known yet. Ask the shelter.",
  relaxedTemperament: "No dog has a fitting temperament, so we searched without your answers.", relaxedRegion: "No dog there fits, so we searched other regions as well.", photoLeftOut: (n) => `Photo ${n} was not used: it differs too much from the others.`, photoLeftOutWhy: (n, why) => `Photo ${n} was not used. ${why}`,
  meet: "Go and meet", call: (n) => `Call ${n}`, page: "The shelter’s page", newTab: "opens in a new tab", noShelter: "The shelter has not been named yet.", dogNumber: (id) => `Dog number ${id}`,
  daysLeft: (n) => (n === 0 ? "The notice ends today" : n === 1 ? "1 day left on the notice" : `${n} days left on the notice`), daysOver: "The notice has ended. Ask the shelter.", until: (date) => `until ${date}`,
  sex: { male: "male", female: "female" }, neutered: "neutered", another: "Another dog", share: "Share", startAgain: "Start with another photo", changeAnswers: "Change my answers", nextFour: "The next most alike", nextFourOne: (name, n) => `${name ?? "This dog"}, closer than ${n} of 100 pairs`,
  shareHead: "Share a card", shareOwn: "Put my face on the card", shareOwnHint: "If you do not tick this, the card shows only the dog. It is drawn on this device.", shareSend: "Send", shareSave: "Save as picture", close: "Close", cardAlt: "Preview of the card", cardHead: "The dog that looks like me", cardHome: "is waiting for a home", shareText: (name) => `${name ?? "This dog"} looks like me and is waiting for a home.`, cardSaved: "The card is saved.",
  cameraHead: "Take a photo", cameraShoot: "Take photo", cameraHint: "Fit your face into the oval and look straight into the camera.", cameraFailed: "The camera cannot be used here. Please choose a photo instead.",
  relaxMood: "Any temperament", relaxRegion: "Anywhere", relaxAll: "Show me the closest", seeAgain: "See them all again",
};

/** Heading and what to do, for each reason of docs/ERRORS.md that people meet. */
export const problems = {
  NO_FACE: ["No face found", "Choose a photo that shows your whole face from the front, upright and well lit."],
  FACE_TOO_SMALL: ["Your face is too small", "Please come a little closer."],
  FACE_TURNED_AWAY: ["You are looking away", "Please look straight into the camera."],
  FACE_TOO_BLURRED: ["The photo is blurred", "Wipe the lens and hold still."],
  LANDMARKS_UNRELIABLE: ["We cannot see your eyes, nose and mouth well", "Hold your head upright. Take off glasses or a mask, and move hair aside."],
  SEVERAL_FACES: ["There are several faces", "Choose which one is you."],
  PHOTO: ["This photo does not open", "Save it as JPEG or PNG and choose it again."],
  PHOTO_TOO_SMALL: ["The photo is too small", "Please choose a larger one."],
  NO_CANDIDATE: ["No dog fits everything", "What matters less to you?"],
  ALL_SEEN: ["You have met them all", "There are no more dogs that fit what you chose."],
  BUSY: ["Many people are here right now", "Please try again in a moment. Photo and answers are still here."],
  CATALOGUE: ["The dogs are still being fetched", "Please try again in a little while."],
  ENGINE: ["The server does not answer", "Please try again in a moment. Photo and answers are still here."],
  OFFLINE: ["You are offline", "This goes on by itself when you are back. Your photo and answers are still here."],
  UNKNOWN: ["Something went wrong", "Please try again."],
};

/** What would make a photo better. */
export const advice = {
  SHOW_FACE: "Show your whole face from the front.", COME_CLOSER: "Come a little closer.", FACE_CAMERA: "Look straight into the camera.", HOLD_STILL: "Hold still, and wipe the lens.",
  UNCOVER_FACE: "Take off glasses or a mask, and move hair aside.", MORE_LIGHT: "Find a brighter place.", LESS_LIGHT: "The light is too strong. Try the shade.", CHOOSE_FACE: "Choose which face is you.",
};

/** Each: what it is; name when large, when small; sentence when large, when small. `~` takes the degree. */
export const ratios = {
  palpebral_fissure_length: ["length of the eyes", "Long eyes", "Short eyes", "You both have ~ long eyes", "You both have ~ short eyes"],
  palpebral_fissure_height: ["opening of the eyes", "Round eyes", "Narrow eyes", "You both have ~ round, open eyes", "You both have ~ narrow eyes"],
  intercanthal_distance: ["space between the eyes", "Wide-set eyes", "Close-set eyes", "Your eyes are both set ~ wide apart", "Your eyes are both set ~ close together"],
  nasal_width: ["width of the nose", "Broad nose", "Slim nose", "Your noses are both ~ broad", "Your noses are both ~ slim"],
  nasal_height: ["height of the nose tip", "Tall nose tip", "Flat nose tip", "The tips of your noses are both ~ tall", "The tips of your noses are both ~ flat"],
  mouth_width: ["width of the mouth", "Wide mouth", "Small mouth", "You both have a ~ wide mouth", "You both have a ~ small mouth"],
  eye_nose_distance: ["length of the nose", "Long nose", "Short nose", "You both have a ~ long way from eyes to nose", "You both have a ~ short way from eyes to nose"],
  nose_mouth_distance: ["upper lip", "Long upper lip", "Short upper lip", "You both have a ~ long way from nose to mouth", "You both have a ~ short way from nose to mouth"],
  eye_mouth_distance: ["middle of the face", "Long midface", "Short midface", "You both have a ~ long way from eyes to mouth", "You both have a ~ short way from eyes to mouth"],
  mouth_chin_distance: ["length of the chin", "Long chin", "Short chin", "You both have a ~ long chin", "You both have a ~ short chin"],
};

/** Degrees of a shared trait, from little to much. */
export const degrees = ["slightly", "rather", "very"];

/** What is said of a ratio that is average in both, or far from average in neither. */
export const ordinary = { same: (what) => `Both of you are just average here: ${what}`, other: (what) => `Neither of you is far from average here: ${what}` };
