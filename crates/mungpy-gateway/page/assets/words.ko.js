// All Korean words that the scripts write.

export const ui = {
  title: "멍피 – 나를 닮은 강아지", otherLanguage: "English", steps: "순서", home: "멍피 Mungpy, 처음으로",
  checking: "얼굴을 찾고 있어요", checkGood: "얼굴이 잘 보여요", checkHint: "좋지만, 더 좋을 수 있어요", checkChoose: "어느 얼굴이 내 얼굴인가요?",
  chooseHint: "얼굴을 눌러 골라 주세요.", faceNumber: (n, all) => `얼굴 ${n}, 총 ${all}개`, photoAlt: (n) => `내 사진 ${n}`, photoNumber: (n) => `${n}번 사진`,
  addPhoto: "사진 추가", removePhoto: (n) => `${n}번 사진 빼기`, otherPhoto: "다른 사진 고르기", goOn: "다음", retry: "다시 시도",
  whySeveral: "다른 날 찍은 사진을 세 장까지 더하면 결과가 더 한결같아요. 표정과 빛은 날마다 다르지만 얼굴은 그대로니까요.",
  badLeftOut: "쓸 수 없는 사진은 빼고 찾아요.",
  unreadable: (name) => `${name ? `‘${name}’ 파일` : "이 파일"}은 이 브라우저가 읽지 못해요. JPEG나 PNG로 저장해서 다시 골라 주세요.`,
  heic: "이 브라우저는 아이폰의 HEIC 사진을 읽지 못해요. 사진을 JPEG로 저장하거나, 화면을 캡처해서 골라 주세요.", notPhoto: (name) => `‘${name}’ 파일은 사진이 아니에요. 사진을 골라 주세요.`, tooMany: "사진은 세 장까지예요. 앞의 세 장만 쓸게요.",
  busy: (s) => `서버가 지금 바빠요. ${s}초 뒤에 자동으로 다시 시도할게요.`, busyNow: "다시 시도하고 있어요.",
  questions: "나는 어떤 편인가요?", questionsLead: "성격이 비슷한 강아지부터 살펴볼게요. 건너뛰어도 괜찮아요.", either: "상관없어요", regionLabel: "어디에서 찾아볼까요?", anywhere: "어디든 좋아요", all: (name) => `${name} 전체`,
  find: "내 강아지 찾기", skip: "건너뛰기", questionsFailed: "질문을 가져오지 못했어요. 질문 없이도 찾을 수 있어요.",
  axis: { sociability: "처음 보는 사람 앞에서 나는", sensitivity: "작은 일에도 나는", dependence: "어려운 일이 있을 때 나는", curiosity: "새로운 것을 보면 나는", energy: "쉬는 날의 나는", closeness: "좋아하는 사람에게 나는" }, axisOther: "나는",
  searching: "닮은 강아지를 찾고 있어요", searchingLead: "눈, 코, 입의 비율을 재고 있어요.",
  dogHead: (name) => `나를 닮은 ${name ?? "강아지"}`, dogHeadWeak: (name) => `나와 비슷한 ${name ?? "강아지"}`,
  found: (name, score) => `강아지를 찾았어요. ${name ?? ""} ${score}`, you: "나", thisDog: "이 강아지",
  faceAltYou: "내 얼굴", faceAltDog: (name) => (name ? `강아지 ${name}의 얼굴` : "강아지의 얼굴"), photoMissing: "사진을 불러오지 못했어요",
  score: (n) => `사람과 강아지 100쌍 가운데 ${n}쌍보다 더 닮았어요`, scoreLow: "이만큼 닮은 쌍은 흔해요.",
  whyAlike: "이런 점이 닮았어요", compared: "나는 다른 사람들과, 강아지는 다른 강아지들과 비교했어요.", numbers: "숫자로 보기", numbersLead: "보통(0)에서 얼마나 벗어났는지를 표준편차로 나타냈어요.", part: "어디", person: "나", dog: "강아지",
  agreed: (a, c) => `성격: 비교할 수 있는 답 ${c}개 가운데 ${a}개가 같아요.`, agreedUnknown: "이 아이의 성격은 아직 몰라요. 보호소에 물어봐 주세요.",
  relaxedTemperament: "성격이 맞는 강아지가 없어서 성격은 빼고 찾았어요.", relaxedRegion: "그 지역에는 맞는 강아지가 없어서 다른 지역도 찾았어요.", photoLeftOut: (n) => `${n}번 사진은 쓰지 않았어요. 다른 사진들과 많이 달라요.`, photoLeftOutWhy: (n, why) => `${n}번 사진은 쓰지 않았어요. ${why}`,
  meet: "만나러 가기", call: (n) => `전화하기 ${n}`, page: "보호소의 소개 보기", newTab: "새 탭에서 열려요", noShelter: "보호소 정보가 아직 없어요.", dogNumber: (id) => `강아지 번호 ${id}`,
  daysLeft: (n) => (n === 0 ? "공고가 오늘 끝나요" : `공고가 ${n}일 남았어요`), daysOver: "공고가 끝났어요. 보호소에 물어봐 주세요.", until: (date) => `${date}까지`,
  sex: { male: "수컷", female: "암컷" }, neutered: "중성화 완료", another: "다른 강아지", share: "공유하기", startAgain: "다른 사진으로 다시 하기", changeAnswers: "답 바꾸기", nextFour: "그다음으로 닮은 아이들", nextFourOne: (name, n) => `${name ?? "이 강아지"}, 100쌍 중 ${n}쌍보다 닮음`,
  shareHead: "카드로 공유하기", shareOwn: "내 얼굴도 카드에 넣기", shareOwnHint: "체크하지 않으면 강아지만 나와요. 카드는 이 기기에서 그려요.", shareSend: "보내기", shareSave: "이미지로 저장", close: "닫기", cardAlt: "공유할 카드 미리보기", cardHead: "나를 닮은 강아지", cardHome: "가족을 기다리고 있어요", shareText: (name) => `${name ? `${name}, ` : ""}나를 닮은 강아지가 가족을 기다리고 있어요.`, cardSaved: "카드를 저장했어요.",
  cameraHead: "사진 찍기", cameraShoot: "찍기", cameraHint: "얼굴을 동그라미에 맞추고 카메라를 똑바로 봐 주세요.", cameraFailed: "여기서는 카메라를 쓸 수 없어요. 대신 사진을 골라 주세요.",
  relaxMood: "성격은 상관없어요", relaxRegion: "어디든 좋아요", relaxAll: "가장 가까운 아이를 보여 주세요", seeAgain: "처음부터 다시 보기",
};

/** Heading and what to do, for each reason of docs/ERRORS.md that people meet. */
export const problems = {
  NO_FACE: ["얼굴을 찾지 못했어요", "얼굴 전체가 정면으로, 똑바로, 밝게 나온 사진이 좋아요."],
  FACE_TOO_SMALL: ["얼굴이 너무 작아요", "조금 더 가까이에서 찍어 주세요."],
  FACE_TURNED_AWAY: ["얼굴이 옆을 보고 있어요", "카메라를 똑바로 봐 주세요."],
  FACE_TOO_BLURRED: ["사진이 흐려요", "렌즈를 닦고, 움직이지 않고 찍어 주세요."],
  LANDMARKS_UNRELIABLE: ["눈·코·입이 잘 안 보여요", "고개를 바로 들고, 안경이나 마스크, 머리카락을 치우고 찍어 주세요."],
  SEVERAL_FACES: ["얼굴이 여럿이에요", "내 얼굴을 골라 주세요."],
  PHOTO: ["이 사진은 열리지 않아요", "JPEG나 PNG로 다시 저장해서 골라 주세요."],
  PHOTO_TOO_SMALL: ["사진이 너무 작아요", "더 큰 사진을 골라 주세요."],
  NO_CANDIDATE: ["꼭 맞는 강아지가 없어요", "무엇을 양보할까요?"],
  ALL_SEEN: ["모두 만나 봤어요", "지금 고른 조건에 맞는 아이는 다 보여 드렸어요."],
  BUSY: ["지금 이용하는 분이 아주 많아요", "잠시 뒤에 다시 시도해 주세요. 사진과 답은 그대로예요."],
  CATALOGUE: ["강아지들을 아직 받아 오는 중이에요", "잠시 뒤에 다시 시도해 주세요."],
  ENGINE: ["서버가 응답하지 않아요", "잠시 뒤에 다시 시도해 주세요. 사진과 답은 그대로예요."],
  OFFLINE: ["인터넷이 끊겼어요", "다시 연결되면 자동으로 계속할게요. 사진과 답은 그대로예요."],
  UNKNOWN: ["문제가 생겼어요", "다시 시도해 주세요."],
};

/** What would make a photo better. */
export const advice = {
  SHOW_FACE: "얼굴 전체가 정면으로 나오게 해 주세요.", COME_CLOSER: "조금 더 가까이 와 주세요.", FACE_CAMERA: "카메라를 똑바로 봐 주세요.", HOLD_STILL: "움직이지 말고, 렌즈도 닦아 주세요.",
  UNCOVER_FACE: "안경, 마스크, 머리카락을 치워 주세요.", MORE_LIGHT: "더 밝은 곳에서 찍어 주세요.", LESS_LIGHT: "빛이 너무 세요. 그늘로 가 보세요.", CHOOSE_FACE: "내 얼굴을 골라 주세요.",
};

/** Each: what it is; name when large, when small; sentence when large, when small. `~` takes the degree. */
export const ratios = {
  palpebral_fissure_length: ["눈 길이", "긴 눈매", "짧은 눈매", "둘 다 눈이 옆으로 ~ 길어요", "둘 다 눈이 옆으로 ~ 짧아요"],
  palpebral_fissure_height: ["눈 크기", "동그란 눈", "가는 눈", "둘 다 눈이 ~ 동그랗게 커요", "둘 다 눈이 ~ 가늘어요"],
  intercanthal_distance: ["눈 사이", "넓은 미간", "좁은 미간", "둘 다 눈 사이가 ~ 넓어요", "둘 다 눈 사이가 ~ 좁아요"],
  nasal_width: ["코 너비", "넓은 코", "좁은 코", "둘 다 코가 ~ 넓어요", "둘 다 코가 ~ 좁아요"],
  nasal_height: ["코끝 높이", "도톰한 코끝", "납작한 코끝", "둘 다 코끝이 위아래로 ~ 도톰해요", "둘 다 코끝이 위아래로 ~ 납작해요"],
  mouth_width: ["입 너비", "큰 입", "작은 입", "둘 다 입이 ~ 커요", "둘 다 입이 ~ 작아요"],
  eye_nose_distance: ["코 길이", "긴 코", "짧은 코", "둘 다 눈에서 코까지가 ~ 길어요", "둘 다 눈에서 코까지가 ~ 짧아요"],
  nose_mouth_distance: ["인중", "긴 인중", "짧은 인중", "둘 다 코에서 입까지가 ~ 길어요", "둘 다 코에서 입까지가 ~ 짧아요"],
  eye_mouth_distance: ["중안부", "긴 중안부", "짧은 중안부", "둘 다 눈에서 입까지가 ~ 길어요", "둘 다 눈에서 입까지가 ~ 짧아요"],
  mouth_chin_distance: ["턱 길이", "긴 턱", "짧은 턱", "둘 다 턱이 ~ 길어요", "둘 다 턱이 ~ 짧아요"],
};

/** Degrees of a shared trait, from little to much. */
export const degrees = ["조금", "꽤", "아주"];

/** What is said of a ratio that is average in both, or far from average in neither. */
export const ordinary = { same: (what) => `${what}: 둘 다 딱 보통이에요`, other: (what) => `${what}: 둘 다 보통에서 멀지 않아요` };
